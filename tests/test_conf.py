"""How `conf` reads `settings.CAPI`, and that docs/reference/settings.md agrees."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from inspect import get_annotations
from pathlib import Path
from typing import Any

import pytest
from django.test.utils import setup_test_environment, teardown_test_environment
from pytest_django import Settings

from django_capi.conf import STRICT, Conf, Secret, conf
from django_capi.shapes import SHAPES

DOCS = Path(__file__).parent.parent / "docs" / "reference" / "settings.md"
TYPES: dict[str, str] = {key: kind for key, kind in get_annotations(Conf).items() if key.isupper()}
KEYS = list(TYPES)
PATHS = ["PIXEL_FOR", "CONSENT", "EXCLUDE", "USER_DATA", "EXTERNAL_ID"]
TOKEN = "sample-token-" + "0123456789" * 4
SECRET = "sample-secret-" + "0123456789" * 2

ABSURD = {
    "nothing": None,
    "number": 5,
    "negative": -1,
    "not-a-number": float("nan"),
    "list": [],
    "nested-list": [[]],
    "dict": {},
    "dict-of-junk": {None: object()},
    "empty": "",
    "bytes": b"x",
    "control": "\x00\n",
    "surrogate": "\udc80",
    "object": object(),
    "flag": True,
}

# One value at least that no reader of the key can use.
MALFORMED: dict[str, list[Any]] = {
    "PIXEL_ID": [1234567890123456, "12a", "١٢٣", "1" * 33, None],
    "ACCESS_TOKEN": [None, 5, b"token"],
    "APP_SECRET": [None, 5, b"secret", "two words", "line\n"],
    "TEST_EVENT_CODE": [None, 5, "T" * 21],
    "PIXELS": [["1"], "main", {"main": "1234567890123456"}, None],
    "PIXEL_FOR": [5, [], ...],
    "CONSENT": [5, True, {}],
    "EXCLUDE": [5, b"shop.privacy"],
    "USER_DATA": [{"em": "someone@example.com"}],
    "EXTERNAL_ID": [5],
    "GPC": ["yes", None, True, []],
    "TRUSTED_PROXIES": ["1", -1, 21, 1.0, True, None],
    "COOKIE_DOMAIN": [5, ["example.com"]],
    "DEFAULT_REGION": ["DEU", "4", "", 49],
    "URL_PARAMETERS": ["coupon", [5], None],
    "RESTRICT_DATA": [1, "yes", None],
    "ADVANCED_MATCHING": [1, "no", None],
    "AUTO_CONFIG": [1, "no", None],
    "PAGE_IDS": ["always", None, []],
    "BROWSER_EVENTS": ["PageView", [None], None],
    "SENDER": ["smtp", None, []],
    "GRAPH_URL": ["graph.facebook.com", "", None, "ftp://example.com", "https://"],
    "API_VERSION": ["26", "v26", "v26.1", "latest", None, 26.0],
    "PIXEL_SCRIPT_URL": ["//example.com/fbevents.js", None],
    "PARTNER_AGENT": ["x" * 23, "1", None],
    "PROXIES": ["http://proxy.example.com", None],
    "CA_BUNDLE": [5, b"/etc/ssl/cert.pem", True, "a\0b"],
    "CONNECT_TIMEOUT": ["3", 0, -1, 121, None, True, float("nan"), float("inf")],
    "READ_TIMEOUT": ["15", 0, None],
    "BATCH_EVENTS": [0, 1001, "500", 1.5, None],
    "BATCH_BYTES": [0, "1000000", None],
    "SHARDS": [0, 17, "4", 1.0, True, None],
    "LEASE_SECONDS": [0, "90", None],
    "ON_AMBIGUOUS": ["retry", {"Purchase": "drop"}, None],
    "NUDGE": [0, "no", None],
    "DATASET_QUALITY": [1, "daily", None],
    "COLLECT_RATE": ["many", "0/m", "120", "120/d", 120, None],
    "COLLECT_ADDRESS_RATE": ["many", "0/m", "1200", 1200, None],
    "BACKLOG_LIMIT": [999, -1, 1.5, "many", True],
    "PAYLOAD_DAYS": [-1, "7", None],
    "RETENTION_DAYS": [0, -1, "90", None],
    "DIGEST": [1, "daily", None],
    "ID_SECRET": [None, 5],
}


def documented() -> dict[str, list[str]]:
    """The rows of docs/reference/settings.md: key -> type, default, unit, meaning."""
    lines = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| `")]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    return {key.strip(" `"): [cell.strip() for cell in cells] for key, *cells in rows}


def code(cell: str) -> str:
    return cell.replace("\\|", "|").strip("`")


def test_every_key_has_a_shape() -> None:
    assert set(SHAPES) == set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_the_default_has_the_documented_form(key: str) -> None:
    assert SHAPES[key].accepts(getattr(Conf, key))
    assert SHAPES[key].form


@pytest.mark.parametrize("key", KEYS)
def test_a_missing_key_has_its_default(key: str, settings: Settings) -> None:
    settings.CAPI = {}

    assert getattr(conf, key) == getattr(Conf, key)


@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD.keys())
def test_a_setting_that_is_no_dict_leaves_every_default(value: object, settings: Settings) -> None:
    settings.CAPI = value

    assert {key: getattr(conf, key) for key in KEYS} == {key: getattr(Conf, key) for key in KEYS}


def test_a_site_without_the_setting_has_every_default(settings: Settings) -> None:
    del settings.CAPI

    assert conf.is_dict()
    assert conf.pixels() == {}
    assert {key: getattr(conf, key) for key in KEYS} == {key: getattr(Conf, key) for key in KEYS}


def test_each_key_has_malformed_samples() -> None:
    assert set(MALFORMED) == set(KEYS)


@pytest.mark.parametrize(
    ("key", "value"),
    [pytest.param(key, value, id=f"{key}={ascii(value)[:30]}") for key in MALFORMED for value in MALFORMED[key]],
)
def test_a_malformed_value_is_replaced_by_the_strict_one_or_the_default(
    key: str, value: object, settings: Settings
) -> None:
    settings.CAPI = {key: value}

    assert getattr(conf, key) == STRICT.get(key, getattr(Conf, key))
    assert conf.malformed() == [key]


@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD.keys())
@pytest.mark.parametrize("key", KEYS)
def test_an_absurd_value_is_accepted_or_replaced_but_never_raises(key: str, value: object, settings: Settings) -> None:
    settings.CAPI = {key: value}

    found = getattr(conf, key)

    assert found is (STRICT.get(key, getattr(Conf, key)) if key in conf.malformed() else value)
    assert isinstance(conf.pixels(), dict)
    assert conf.sender() in ("graph", "console", "memory")


@pytest.mark.parametrize("value", ["", "nomodule.at.all", "nodots", "django.conf.nothing_here", "django.conf.settings"])
@pytest.mark.parametrize("key", PATHS)
def test_a_path_that_cannot_be_imported_gives_no_callable(key: str, value: str, settings: Settings) -> None:
    settings.CAPI = {key: value}

    assert conf.imported(key) is None


def test_a_path_and_a_callable_are_the_same_to_a_reader(settings: Settings) -> None:
    settings.CAPI = {"CONSENT": "django.http.HttpResponse", "EXCLUDE": documented}

    assert getattr(conf.imported("CONSENT"), "__name__", "") == "HttpResponse"
    assert conf.imported("EXCLUDE") is documented


def test_a_misspelt_name_is_refused_at_once() -> None:
    with pytest.raises(AttributeError):
        conf.PIXLE_ID  # type: ignore[attr-defined]  # noqa: B018


def test_unknown_keys_are_listed_in_order(settings: Settings) -> None:
    settings.CAPI = {"ZZZ": 1, "PIXEL_ID": "1234567890123456", 5: 1, "pixel_id": "1"}

    assert conf.unknown_keys() == ["5", "ZZZ", "pixel_id"]


def test_the_plain_pixel_is_called_main(settings: Settings) -> None:
    settings.CAPI = {"PIXEL_ID": "1234567890123456", "ACCESS_TOKEN": TOKEN, "TEST_EVENT_CODE": "TEST1"}

    pixels = conf.pixels()

    assert list(pixels) == ["main"]
    assert pixels["main"].pixel_id == "1234567890123456"
    assert pixels["main"].access_token.reveal() == TOKEN
    assert pixels["main"].test_event_code == "TEST1"


def test_each_pixel_has_its_own_secret_and_shows_none(settings: Settings) -> None:
    settings.CAPI = {"PIXEL_ID": "1", "ACCESS_TOKEN": TOKEN, "APP_SECRET": SECRET}
    plain = conf.pixels()["main"]
    entry = {"PIXEL_ID": "2", "ACCESS_TOKEN": TOKEN}
    settings.CAPI = {"PIXELS": {"eu": entry | {"APP_SECRET": SECRET}, "us": entry, "uk": entry | {"APP_SECRET": 5}}}
    pixels = conf.pixels()

    assert plain.app_secret.reveal() == SECRET
    assert {name for name, pixel in pixels.items() if pixel.app_secret} == {"eu"}
    assert {name for name, pixel in pixels.items() if pixel.appsecret_proof()} == {"eu"}
    assert SECRET not in f"{plain!r} {plain} {pixels}"


def test_a_pixel_without_a_usable_id_costs_only_itself(settings: Settings) -> None:
    settings.CAPI = {"PIXELS": {"eu": {"PIXEL_ID": "1"}, "us": {"PIXEL_ID": "two"}, "uk": {}}}

    assert [(name, pixel.pixel_id) for name, pixel in conf.pixels().items()] == [("eu", "1")]


def test_under_a_test_runner_nothing_is_sent(settings: Settings) -> None:
    settings.CAPI = {}

    assert conf.sender() == "memory"


@pytest.mark.usefixtures("outside_tests")
def test_outside_a_test_runner_events_go_to_meta(settings: Settings) -> None:
    settings.CAPI = {}

    assert conf.sender() == "graph"


IN_PRODUCTION = """
from django.conf import settings
settings.configure(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend", CAPI={})
import django
django.setup()
from django.core import mail as outgoing
from django.test import Client, RequestFactory, TestCase, override_settings
outgoing.send_mail("Your order", "is on its way", "shop@example.com", ["ann@example.com"])
from django_capi.conf import conf
print(len(outgoing.outbox), conf.sender())
"""


def test_memory_mail_and_an_imported_test_client_are_not_a_test_run() -> None:
    printed = subprocess.run([sys.executable, "-c", IN_PRODUCTION], capture_output=True, text=True, check=True).stdout

    assert printed.split() == ["1", "graph"]


def test_a_test_environment_lasts_from_setup_to_teardown() -> None:
    begun = conf.sender()
    teardown_test_environment()
    try:
        ended = conf.sender()
    finally:
        setup_test_environment()

    assert (begun, ended, conf.sender()) == ("memory", "graph", "memory")


def test_a_chosen_sender_holds_everywhere(settings: Settings) -> None:
    settings.CAPI = {"SENDER": "console"}

    assert conf.sender() == "console"


@pytest.mark.parametrize("token", [TOKEN, "short", ""], ids=["long", "short", "empty"])
def test_a_token_does_not_show_itself(token: str) -> None:
    secret = Secret(token)

    assert bool(secret) is bool(token)
    assert not token or token not in f"{secret} {secret!r} {secret!s:>5}"


def test_the_documentation_lists_every_key_once() -> None:
    text = DOCS.read_text("utf-8")

    assert sorted(documented()) == sorted(KEYS)
    assert len(re.findall(r"^\| `", text, re.MULTILINE)) == len(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_the_documentation_gives_type_default_unit_and_meaning(key: str) -> None:
    kind, default, unit, meaning = documented()[key]

    assert code(kind) == TYPES[key]
    assert ast.literal_eval(code(default)) == getattr(Conf, key)
    assert unit
    assert meaning.endswith(".")


@pytest.mark.parametrize(
    ("suffix", "unit"), [("_DAYS", "days"), ("_SECONDS", "seconds"), ("_TIMEOUT", "seconds"), ("_BYTES", "bytes")]
)
def test_the_documentation_gives_the_unit_that_the_name_says(suffix: str, unit: str) -> None:
    units = {key: cells[2] for key, cells in documented().items() if key.endswith(suffix)}

    assert set(units.values()) == {unit}
