"""Exactly one message names each unusable key or value of `CAPI`."""

from __future__ import annotations

import ast
import re
import sys
from datetime import date
from types import ModuleType

import pytest
from django.core.checks import ERROR
from pytest_django import Settings

from django_capi.checks.settings import EXAMPLES, line
from django_capi.checks.versions import check_api_version
from django_capi.conf import conf
from django_capi.shapes import SHAPES
from tests.checks.sound import SOUND, everything, ids, words
from tests.test_conf import KEYS, MALFORMED, TOKEN


@pytest.mark.parametrize(
    ("key", "guess"),
    [
        ("ACCES_TOKEN", '"ACCESS_TOKEN": '),
        ("pixel_id", '"PIXEL_ID": "1234567890123456",'),
        ("READ_TIME_OUT", '"READ_TIMEOUT": 15.0,'),
        ("whatever", "The keys are PIXEL_ID, "),
        (5, "The keys are PIXEL_ID, "),
        ("\udc80", "The keys are PIXEL_ID, "),
    ],
    ids=ascii,
)
def test_an_unknown_key_comes_with_a_guess(key: object, guess: str, settings: Settings) -> None:
    settings.CAPI = SOUND | {key: TOKEN}

    messages = everything()

    assert ids(messages) == ["E004"]
    assert guess in str(messages[0].hint)


@pytest.mark.parametrize(
    ("key", "value"),
    [pytest.param(key, value, id=f"{key}={ascii(value)[:30]}") for key in MALFORMED for value in MALFORMED[key]],
)
def test_a_malformed_value_is_one_error(key: str, value: object, settings: Settings) -> None:
    settings.CAPI = SOUND | {key: value}

    messages = everything()

    assert ids(messages) == ["E001" if key == "PIXEL_ID" else "E005"]
    assert messages[0].level == ERROR


@pytest.mark.parametrize("key", KEYS)
def test_a_malformed_value_says_what_holds_until_it_is_right(key: str, settings: Settings) -> None:
    settings.CAPI = SOUND | {key: MALFORMED[key][0]}

    (message,) = everything()

    assert ("nothing is sent" in str(message.hint)) == bool(conf.unsafe())
    assert ("the default is used" in str(message.hint)) == (not conf.unsafe() and key != "PIXEL_ID")


@pytest.mark.parametrize("key", ["GRAPH_URL", "PIXEL_SCRIPT_URL"])
@pytest.mark.parametrize("value", ["http://[half", "https://example.com:port/", "https://:443"])
def test_an_address_that_cannot_be_read_is_malformed(key: str, value: str, settings: Settings) -> None:
    settings.CAPI = SOUND | {key: value}

    assert ids(everything()) == ["E005"]


def test_an_unused_plain_id_is_checked_for_its_form(settings: Settings) -> None:
    settings.CAPI = SOUND | {"PIXEL_ID": 5, "PIXELS": {"eu": {"PIXEL_ID": "1", "ACCESS_TOKEN": TOKEN}}}

    assert ids(everything()) == ["E005"]


@pytest.mark.parametrize(
    ("key", "value", "package", "expected"),
    [("DEFAULT_REGION", "DE", "phonenumbers", "W009"), ("TRUSTED_PROXIES", 1, "python_ipware", "W011")],
)
def test_a_missing_extra_is_named(
    key: str, value: object, package: str, expected: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CAPI = SOUND | {key: value}
    monkeypatch.setitem(sys.modules, package, ModuleType(package))
    monkeypatch.setattr(sys.modules[package], "__spec__", object())
    present = ids(everything())
    monkeypatch.setitem(sys.modules, package, None)
    absent = ids(everything())

    assert (present, absent) == ([], [expected])


@pytest.mark.parametrize(
    ("version", "today", "expected"),
    [
        pytest.param("v21.0", date(2026, 10, 23), [], id="90-days-left"),
        pytest.param("v21.0", date(2026, 10, 24), ["W010"], id="89-days-left"),
        pytest.param("v20.0", date(2026, 11, 22), ["W010"], id="ended"),
        pytest.param("v3.0", date(2026, 11, 22), ["W010"], id="long-gone"),
        pytest.param("v26.0", date(2040, 1, 1), [], id="end-not-known"),
        pytest.param("v99.0", date(2026, 11, 22), [], id="newer-than-the-table"),
    ],
)
def test_a_version_that_ends_soon_is_named(version: str, today: date, expected: list[str], settings: Settings) -> None:
    settings.CAPI = SOUND | {"API_VERSION": version}

    assert ids(list(check_api_version(today=today))) == expected


@pytest.mark.parametrize("version", ["v19.0", "v0.0", "v²⁶.0", f"v{'9' * 5000}.0"], ids=["v19", "v0", "powers", "long"])
def test_an_old_version_is_a_warning(version: str, settings: Settings) -> None:
    settings.CAPI = SOUND | {"API_VERSION": version}

    assert set(ids(everything())) <= {"W010", "E005"}
    assert len(everything()) == 1


@pytest.mark.parametrize(
    ("domain", "expected"),
    [("example.com", []), (".example.com", []), ("", []), ("com", ["W012"]), (".co.uk", ["W012"]), ("CO.UK", ["W012"])],
)
def test_a_public_suffix_is_no_cookie_domain(domain: str, expected: list[str], settings: Settings) -> None:
    settings.CAPI = SOUND | {"COOKIE_DOMAIN": domain}

    assert ids(everything()) == expected


def test_a_password_in_an_address_is_not_shown(settings: Settings) -> None:
    settings.CAPI = SOUND | {"GRAPH_URL": "http://someone:sample-secret@127.0.0.1:8001/?access_token=sample-secret"}

    assert "127.0.0.1" in words(everything())
    assert "sample-secret" not in words(everything())


@pytest.mark.parametrize("key", KEYS)
def test_the_line_that_a_hint_gives_is_itself_well_formed(key: str) -> None:
    # In a settings module `env` is django-environ's; what it returns is text.
    source = re.sub(r"env(\.str)?\([^)]*\)", '"sample"', line(key))

    assert SHAPES[key].accepts(ast.literal_eval("{" + source + "}")[key])


def test_there_is_an_example_wherever_the_default_is_empty() -> None:
    empty = {
        key for key in KEYS if line(key) in (f'"{key}": "",', f'"{key}": None,', f'"{key}": {{}},', f'"{key}": (),')
    }

    assert empty == set()
    assert set(EXAMPLES) <= set(KEYS)
