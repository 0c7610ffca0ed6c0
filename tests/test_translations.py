"""The catalogs are whole: nothing missing, empty, unsure or left over, and nothing lost inside a translation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from django.utils import translation

from django_capi.admin import stored
from django_capi.delivery import batches, drain
from django_capi.ledger import expiry, precedence, store
from django_capi.meta import answers, left_out, rules, verdicts, wire
from tests.support import catalogs

PLURALS: Final = {"ar": 6, "de": 2, "es": 3, "fr": 3, "pt_BR": 2}
NUMBER: Final = frozenset({"%(count)d", "%(count)s", "%(counter)s"})
# What is the same in every language: settings, tags, commands, keys of Meta's.
CODE: Final = re.compile(r"\{% .*? %\}|manage\.py [\w-]+|\b[A-Z]+_[A-Z_]+\b|\b[a-z]+_[a-z_]+\b|\bfb[cp]\b|\(\d{7}\)")

each_language = pytest.mark.parametrize("language", catalogs.LANGUAGES)


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return catalogs.extracted_into(tmp_path_factory.mktemp("messages"))


@each_language
def test_the_catalog_has_the_messages_of_the_sources_and_no_others(language: str, extracted: Path) -> None:
    shipped, made = (
        {(message.context, message.id) for message in catalogs.messages(catalogs.catalog_of(language, package))}
        for package in (catalogs.PACKAGE, extracted)
    )

    assert (made - shipped, shipped - made) == (set(), set())


@each_language
def test_every_message_is_translated_and_none_is_unsure(language: str) -> None:
    catalog = catalogs.catalog_of(language)

    lacking = [m.id for m in catalogs.messages(catalog) if m.fuzzy or not all(catalogs.forms(m))]

    assert (lacking, list(catalog.obsolete)) == ([], [])


@each_language
def test_every_translation_keeps_its_placeholders(language: str) -> None:
    lost = []
    for message in catalogs.messages(catalogs.catalog_of(language)):
        originals = (message.id,) if isinstance(message.id, str) else message.id
        wanted = {frozenset(catalogs.PLACEHOLDER.findall(original)) for original in originals}
        if len(originals) > 1 and language == "ar":  # its words for none, one and two need no number
            wanted |= {names - NUMBER for names in wanted}
        lost += [
            form for form in catalogs.forms(message) if frozenset(catalogs.PLACEHOLDER.findall(form)) not in wanted
        ]

    assert lost == []


@each_language
def test_every_translation_keeps_the_names_of_code(language: str) -> None:
    lost = []
    for message in catalogs.messages(catalogs.catalog_of(language)):
        names = CODE.findall(catalogs.PLACEHOLDER.sub("", catalogs.identity(message)[1]))
        lost += [(name, form) for name in names for form in catalogs.forms(message) if name not in form]

    assert lost == []


@each_language
def test_every_plural_has_the_forms_of_its_language(language: str) -> None:
    catalog = catalogs.catalog_of(language)
    plural = [m for m in catalogs.messages(catalog) if not isinstance(m.id, str)]

    assert plural
    assert {len(catalogs.forms(message)) for message in plural} == {PLURALS[language]}
    assert f"nplurals={PLURALS[language]};" in catalogs.po_of(language).read_text("utf8")


@each_language
def test_the_compiled_catalog_is_that_of_the_text(language: str) -> None:
    text, binary = (
        {catalogs.identity(message): catalogs.forms(message) for message in catalogs.messages(catalog)}
        for catalog in (catalogs.catalog_of(language), catalogs.compiled(language))
    )

    assert binary == text


@each_language
def test_the_head_names_no_person_and_no_message_its_place(language: str) -> None:
    lines = catalogs.po_of(language).read_text("utf8").splitlines()

    assert [line for line in lines if line.startswith(("#:", '"Last-Translator', '"Language-Team'))] == []


def stored_reasons() -> set[str]:
    """The English sentences that rows may hold, or that a page shows from one of Meta's tables."""
    meanings = [one for one in vars(answers).values() if isinstance(one, answers.Meaning)]
    meanings += [
        *answers.BY_CODE.values(),
        *answers.BY_STATUS.values(),
        *(meaning for _codes, meaning in answers.RANGES),
    ]
    delivery = {expiry.SHED_REASON, expiry.EXPIRED_REASON, precedence.REASON, store.WITHDRAWN["error_reason"]}
    delivery |= {reason for reason in batches.OVERTAKEN.values() if reason}
    return (
        {meaning.reason for meaning in meanings}
        | {rule.advice for rule in rules.RULES}
        | set(left_out.MEANING.values())
        | delivery
    )


@each_language
def test_every_stored_reason_is_translated(language: str) -> None:
    known = {catalogs.identity(message)[1] for message in catalogs.messages(catalogs.catalog_of(language))}

    with translation.override(language.replace("_", "-")):
        unchanged = [reason for reason in stored_reasons() if stored.translated(reason) == reason]

    assert (stored_reasons() - known, unchanged) == (set(), [])


@pytest.mark.parametrize(
    ("sentence", "translated"),
    [
        ("", ""),
        ("The access token has expired.", "Das Zugriffstoken ist abgelaufen."),
        ("event_id: event_id must be a string.", "event_id: event_id muss ein String sein."),
        ("Shed: too many events were pending.", "Verworfen: Es warteten zu viele Ereignisse."),
        (verdicts.broken(error="MemoryError", sent=False).reason, "Das Senden ist mit MemoryError fehlgeschlagen; es"),
        (verdicts.broken(error="MemoryError", sent=True).reason, "Das Senden ist mit MemoryError fehlgeschlagen; Meta"),
        (drain.MALFORMED % {"settings": "CAPI['GPC']"}, "CAPI['GPC'] ist fehlerhaft: Bis zur Korrektur wird"),
        ("A reason of an earlier release.", "A reason of an earlier release."),
    ],
)
def test_a_stored_sentence_is_told_in_the_reader_s_language(sentence: str, translated: str) -> None:
    with translation.override("de"):
        words = stored.translated(sentence)

    assert words.startswith(translated)
    assert bool(words) is bool(sentence)


@pytest.mark.parametrize(
    ("rule", "limit"),
    [("event_name_length", 50), ("event_id_length", 100), ("order_id_length", 100)],
)
def test_an_advice_names_the_limit_that_its_rule_checks(rule: str, limit: int) -> None:
    (advice,) = {one.advice for one in rules.RULES if one.name == rule}

    broken = [rule in {problem.rule for problem in rules.check(named(length), now=0)} for length in (limit, limit + 1)]

    assert (broken, str(limit) in advice) == ([False, True], True)


def named(length: int) -> dict[str, wire.JSON]:
    """An event whose names are as long as this."""
    name = "x" * length
    return {"event_name": name, "event_id": name, "custom_data": {"order_id": name}}
