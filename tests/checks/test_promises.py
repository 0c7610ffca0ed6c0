"""What holds for every check: it is registered and documented, never raises, opens nothing, shows no token."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from django.core.checks import registry
from pytest_django import Settings

from django_capi import checks
from tests.checks.sound import SOUND, everything, ids, words
from tests.test_conf import ABSURD, KEYS, TOKEN

ROOT = Path(__file__).parent.parent.parent


def test_a_sound_site_has_no_message() -> None:
    assert everything() == []


def test_the_checks_are_registered() -> None:
    usual = list[object](registry.registry.get_checks())
    deployed = list[object](registry.registry.get_checks(include_deployment_checks=True))

    assert checks.check_settings in usual
    assert checks.check_site in usual
    assert checks.check_deployment not in usual
    assert checks.check_deployment in deployed


def test_a_site_that_has_set_nothing_learns_everything_at_once(settings: Settings) -> None:
    settings.CAPI = {"SENDER": "graph"}

    assert ids(everything()) == ["E001", "E002", "W004"]


@pytest.mark.parametrize("value", [None, 5, [], "", b"x", ...], ids=ascii)
def test_a_setting_that_is_no_dict_is_one_error(value: object, settings: Settings) -> None:
    settings.CAPI = value

    assert ids(everything()) == ["E005"]


@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD.keys())
@pytest.mark.parametrize("key", KEYS)
def test_no_absurd_value_raises(key: str, value: object, settings: Settings) -> None:
    settings.CAPI = SOUND | {key: value}

    messages = everything()

    assert all(message.hint and message.id for message in messages)
    assert words(messages).encode("utf-8") is not None


@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD.keys())
@pytest.mark.parametrize(
    "name", ["MIDDLEWARE", "SECURE_CSP", "CONTENT_SECURITY_POLICY", "SECURE_PROXY_SSL_HEADER", "USE_TZ"]
)
def test_no_absurd_value_of_another_setting_raises(name: str, value: object, settings: Settings) -> None:
    setattr(settings, name, value)

    assert all(message.hint for message in everything())


@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD.keys())
@pytest.mark.parametrize("key", ["PIXEL_ID", "ACCESS_TOKEN", "TEST_EVENT_CODE", "OTHER"])
def test_no_absurd_value_of_one_pixel_raises(key: str, value: object, settings: Settings) -> None:
    settings.CAPI = {"PIXELS": {"eu": {key: value}, None: {None: None}}}

    assert all(message.hint for message in everything())


@pytest.mark.parametrize("key", [*KEYS, TOKEN])
def test_no_message_shows_a_token(key: str, settings: Settings) -> None:
    settings.CAPI = SOUND | {key: TOKEN, "TOKEN": TOKEN}
    plain = words(everything())
    settings.CAPI = SOUND | {"PIXELS": {TOKEN: {key: TOKEN, "TOKEN": TOKEN}, "eu": {"ACCESS_TOKEN": [TOKEN]}}}
    several = words(everything())

    assert TOKEN not in plain + several
    assert TOKEN[:20] not in plain + several


def test_the_checks_open_no_socket(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: opened.append(address))
    settings.CAPI = SOUND | {"GRAPH_URL": "http://127.0.0.1:9"}

    everything()

    assert opened == []


def test_every_id_has_one_row_in_the_documentation_and_no_row_is_left_over() -> None:
    package = ROOT / "django_capi" / "checks"
    docs = (ROOT / "docs" / "reference" / "checks.md").read_text("utf-8")

    sources = "".join(file.read_text("utf-8") for file in package.glob("*.py"))
    code = set(re.findall(r'"(django_capi\.[EWI]\d+)"', sources))
    rows = re.findall(r"^\| `(django_capi\.[EWI]\d+)` \|", docs, re.MULTILINE)

    assert sorted(rows) == sorted(code)
