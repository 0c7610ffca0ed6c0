from __future__ import annotations

import re
from hashlib import sha256
from unicodedata import normalize as compose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_capi.meta.left_out import MEANING, Reason
from django_capi.meta.normalize import HASHED, UNHASHED, normalize, place_of, sent_form, sent_plainly
from django_capi.meta.normalize.keys import BY_KEY
from django_capi.meta.normalize.placeholders import is_placeholder
from tests.meta.spellings import PLACEHOLDERS_AS_THEY_ARE, SPELLINGS
from tests.meta.strategies import ANY_KEY, ANY_VALUE, NEAR_MISSES, REGIONS
from tests.meta.vectors import AS_THEY_ARE, EMAILS, PHONES_BY_COUNTRY, POSTCODES, ROWS, SHA, WORKED

HEX = re.compile(r"[0-9a-f]{64}").fullmatch
AS_IS = AS_THEY_ARE + PLACEHOLDERS_AS_THEY_ARE
OF_NOTHING = sha256(b"").hexdigest()


def name_of(row: tuple[object, ...]) -> str:
    return re.sub(r"[^ -~]", lambda found: f"u{ord(found[0]):x}", f"{row[0]}-{row[1]!r}"[:60])


@pytest.mark.parametrize(("key", "value", "country", "text", "hashed"), WORKED, ids=map(name_of, WORKED))
def test_a_worked_example_gives_its_text_and_its_hash(
    key: str, value: str, country: str | None, text: str, hashed: str
) -> None:
    found = normalize(key, value, country=country)

    assert (found.text, found.hashed, found.reason) == (text, hashed, None)


@pytest.mark.parametrize(("key", "value", "country", "expected"), ROWS + SPELLINGS, ids=map(name_of, ROWS + SPELLINGS))
def test_an_input_gives_its_text_or_the_reason_for_leaving_it_out(
    key: str, value: object, country: str | None, expected: str
) -> None:
    found = normalize(key, value, country=country)

    if isinstance(expected, Reason):
        assert (found.text, found.hashed, found.reason) == (None, None, expected)
    else:
        sent = expected if expected == SHA else sha256(expected.encode()).hexdigest()
        assert (found.text, found.hashed, found.reason) == (expected, sent, None)


@pytest.mark.parametrize(("key", "value", "expected"), AS_IS, ids=map(name_of, AS_IS))
def test_an_identifier_is_sent_as_it_is_or_left_out(key: str, value: object, expected: str) -> None:
    found = normalize(key, value)

    if isinstance(expected, Reason):
        assert (found.text, found.hashed, found.reason) == (None, None, expected)
    else:
        assert (found.text, found.hashed, found.reason) == (expected, expected, None)


def test_the_table_has_at_least_250_rows() -> None:
    assert len(WORKED) + len(ROWS) + len(AS_THEY_ARE) >= 250
    assert len(PHONES_BY_COUNTRY) >= 20
    assert len({row[2] for row in POSTCODES if row[2]}) >= 15


def test_a_national_number_is_read_in_the_default_region() -> None:
    found = normalize("ph", "(650)555-1212", default_region="US")

    assert found.text == "16505551212"


def test_the_country_of_the_event_overrides_the_default_region() -> None:
    found = normalize("ph", "020 7946 0958", country="GB", default_region="US")

    assert found.text == "442079460958"


def test_an_unknown_country_falls_back_to_the_default_region() -> None:
    found = normalize("ph", "020 7946 0958", country="Atlantis", default_region="GB")

    assert found.text == "442079460958"


def test_a_list_is_normalised_each_once_in_its_order() -> None:
    found = normalize("em", ["B@example.com", "a@example.com", "b@example.com "])

    assert found.text == ("b@example.com", "a@example.com")
    assert found.hashed == tuple(sha256(one.encode()).hexdigest() for one in ("b@example.com", "a@example.com"))
    assert found.reason is None


def test_a_set_gives_the_same_order_every_time() -> None:
    found = normalize("em", {f"{name}@example.com" for name in "abcdefgh"})

    assert isinstance(found.hashed, tuple)
    assert list(found.hashed) == sorted(found.hashed)


def test_a_list_keeps_what_is_usable_and_says_why_the_rest_is_not() -> None:
    found = normalize("em", ["ann@example.com", "nonsense"])

    assert found.text == ("ann@example.com",)
    assert found.reason is Reason.NOT_AN_EMAIL


def test_a_list_of_nothing_usable_is_left_out() -> None:
    assert normalize("em", []).reason is Reason.EMPTY
    assert normalize("em", ["nonsense"]).hashed is None


def test_a_list_is_left_out_where_meta_takes_one_value() -> None:
    assert normalize("fbp", ["fb.1.1596403881668.1"]).reason is Reason.ONE_VALUE
    assert normalize("nonsense", ["x"]).reason is Reason.UNKNOWN_KEY


def test_the_representation_shows_no_value() -> None:
    found = normalize("em", "ann@example.com")

    assert repr(found) == "Normalized(reason=None)"


def test_every_reason_has_a_meaning() -> None:
    assert MEANING.keys() == set(Reason)


@given(key=ANY_KEY, value=ANY_VALUE, region=REGIONS)
def test_no_value_raises_and_what_is_sent_is_a_hash(key: str, value: object, region: str | None) -> None:
    found = normalize(key, value, country=region)

    sent = found.hashed if isinstance(found.hashed, tuple) else (found.hashed,)
    assert found.hashed is not None or found.reason is not None
    if found.hashed is not None and key in HASHED:
        assert all(one is not None and HEX(one) and one != OF_NOTHING for one in sent)
    if found.hashed is not None and key in UNHASHED:
        assert found.hashed == found.text


@given(key=st.sampled_from(sorted(HASHED)), value=NEAR_MISSES, region=REGIONS)
def test_a_hash_normalises_to_itself(key: str, value: str, region: str | None) -> None:
    once = normalize(key, value, country=region)

    if once.hashed is not None:
        assert normalize(key, once.hashed, country=region).hashed == once.hashed


@given(key=st.sampled_from(sorted(set(HASHED) - {"ph"})), value=NEAR_MISSES, region=REGIONS)
def test_a_normalised_text_normalises_to_itself(key: str, value: str, region: str | None) -> None:
    once = normalize(key, value, country=region)

    if isinstance(once.text, str) and not is_placeholder(once.text, BY_KEY[key].kind):
        assert normalize(key, once.text, country=region).text == once.text


@given(value=st.text("0123456789 +-().", max_size=24), region=REGIONS)
def test_a_normalised_number_written_internationally_stays_itself(value: str, region: str | None) -> None:
    once = normalize("ph", value, country=region)

    if isinstance(once.text, str):
        assert normalize("ph", f"+{once.text}", country=region).text == once.text


@given(key=st.sampled_from(sorted(HASHED)), value=NEAR_MISSES, region=REGIONS)
def test_composed_and_decomposed_text_have_one_hash(key: str, value: str, region: str | None) -> None:
    composed, decomposed = (normalize(key, compose(form, value), country=region) for form in ("NFC", "NFD"))

    assert composed.hashed == decomposed.hashed


@pytest.mark.parametrize("value", [row[1] for row in EMAILS if isinstance(row[1], str)][:12])
def test_hidden_marks_around_and_inside_change_nothing(value: str) -> None:
    plain = normalize("em", value)

    assert normalize("em", "\u2066\u200e" + "\u200b".join(value) + "\u2069").hashed == plain.hashed


@given(
    key=st.sampled_from(sorted(BY_KEY)), value=ANY_VALUE | st.emails(), place=st.sampled_from([None, "us", "gb", "de"])
)
def test_the_fast_path_sends_what_the_rules_send(key: str, value: object, place: str | None) -> None:
    found = sent_plainly({key: value}, place)

    assert found.get(key, sent_form(key, value, place)) == sent_form(key, value, place)
    assert not isinstance(found.get(key), Reason)


@pytest.mark.parametrize(("key", "value", "country", "expected"), SPELLINGS, ids=map(name_of, SPELLINGS))
def test_the_fast_path_treats_every_known_spelling_alike(
    key: str, value: object, country: str | None, expected: str
) -> None:
    place = place_of(country, None)

    found = sent_plainly({key: value}, place)

    assert found.get(key, sent_form(key, value, place)) == sent_form(key, value, place)
    assert not found or not isinstance(expected, Reason)


@pytest.mark.parametrize(("key", "value", "expected"), AS_IS, ids=map(name_of, AS_IS))
def test_the_fast_path_sends_no_identifier_that_is_left_out(key: str, value: object, expected: str) -> None:
    found = sent_plainly({key: value}, None)

    assert found.get(key, sent_form(key, value, None)) == expected


@given(
    key=st.sampled_from(sorted(BY_KEY)),
    value=st.text(st.characters(max_codepoint=0x17F) | st.sampled_from("\u212a+(0@. \x00\x1c\x7f"), max_size=34),
    place=st.sampled_from([None, "us", "gb"]),
)
def test_the_fast_path_and_the_rules_agree_on_hidden_marks(key: str, value: str, place: str | None) -> None:
    found = sent_plainly({key: value}, place)

    assert found.get(key, sent_form(key, value, place)) == sent_form(key, value, place)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("em", " Ann@Example.com "),
        ("ph", "+1 (650) 555-1212"),
        ("fn", "Mary-Ann"),
        ("ln", "O'Neil"),
        ("external_id", " User 1\t"),
        ("client_ip_address", "203.0.113.7"),
        ("client_user_agent", "Browser/1.0"),
        ("fbp", "fb.1.1596403881668.1116446470"),
    ],
)
def test_the_fast_path_takes_usual_values(key: str, value: str) -> None:
    assert sent_plainly({key: value}, "us") == {key: normalize(key, value, country="US").hashed}
