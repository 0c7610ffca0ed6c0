"""The checks of pixels name the one that cannot be used."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import ERROR, WARNING
from pytest_django import Settings

from django_capi import checks
from tests.checks import sound
from tests.checks.sound import SOUND, everything, ids
from tests.test_conf import MALFORMED, TOKEN


@pytest.mark.parametrize("value", [None, "", *MALFORMED["PIXEL_ID"]], ids=ascii)
def test_a_pixel_without_a_usable_id_is_an_error(value: object, settings: Settings) -> None:
    settings.CAPI = SOUND | {"PIXEL_ID": value}

    assert ids(everything()) == ["E001"]


@pytest.mark.parametrize("debug", [False, True], ids=["production", "debug"])
@pytest.mark.parametrize("value", ["", "no digits"], ids=["missing", "malformed"])
def test_a_missing_pixel_id_is_an_error_in_production_only(value: str, debug: bool, settings: Settings) -> None:
    settings.CAPI = SOUND | {"PIXEL_ID": value}
    settings.DEBUG = debug

    [message] = checks.check_settings()

    assert (message.id, message.level) == ("django_capi.E001", WARNING if debug and not value else ERROR)


@pytest.mark.parametrize(("debug", "level"), [(False, ERROR), (True, WARNING)], ids=["production", "debug"])
def test_a_missing_token_is_an_error_in_production_only(debug: bool, level: int, settings: Settings) -> None:
    settings.CAPI = SOUND | {"ACCESS_TOKEN": ""}
    settings.DEBUG = debug

    messages = checks.check_settings()

    assert ids(messages) == ["E002"]
    assert messages[0].level == level


@pytest.mark.parametrize("sender", ["auto", "console", "memory"])
def test_a_token_is_not_asked_for_where_nothing_is_sent(sender: str, settings: Settings) -> None:
    settings.CAPI = SOUND | {"ACCESS_TOKEN": "", "SENDER": sender}

    assert checks.check_settings() == []


def test_several_sound_pixels_need_no_plain_one(settings: Settings) -> None:
    entry = {"PIXEL_ID": "1", "ACCESS_TOKEN": TOKEN}
    settings.CAPI = {"PIXELS": {"eu": entry, "us": entry | {"TEST_EVENT_CODE": ""}}, "CONSENT": sound.granted}

    assert everything() == []


@pytest.mark.parametrize(
    ("entry", "expected", "where"),
    [
        pytest.param({"ACCESS_TOKEN": TOKEN}, ["E001"], 'CAPI["PIXELS"]["eu"]["PIXEL_ID"]', id="no-id"),
        pytest.param({"PIXEL_ID": 5, "ACCESS_TOKEN": TOKEN}, ["E001"], 'CAPI["PIXELS"]["eu"]["PIXEL_ID"]', id="number"),
        pytest.param({"PIXEL_ID": "1"}, ["E002"], 'CAPI["PIXELS"]["eu"]["ACCESS_TOKEN"]', id="no-token"),
        pytest.param(
            {"PIXEL_ID": "1", "ACCESS_TOKEN": None}, ["E005"], 'CAPI["PIXELS"]["eu"]["ACCESS_TOKEN"]', id="token-none"
        ),
        pytest.param(
            {"PIXEL_ID": "1", "ACCESS_TOKEN": TOKEN, "TOKEN": 1}, ["E004"], 'CAPI["PIXELS"]["eu"]["TOKEN"]', id="key"
        ),
        pytest.param(
            {"PIXEL_ID": "1", "ACCESS_TOKEN": TOKEN, "TEST_EVENT_CODE": 5},
            ["E005"],
            'CAPI["PIXELS"]["eu"]["TEST_EVENT_CODE"]',
            id="code",
        ),
        pytest.param(
            {"PIXEL_ID": "1", "ACCESS_TOKEN": TOKEN, "APP_SECRET": 5},
            ["E005"],
            'CAPI["PIXELS"]["eu"]["APP_SECRET"]',
            id="secret",
        ),
        pytest.param({}, ["E001", "E002"], 'CAPI["PIXELS"]["eu"]', id="empty"),
    ],
)
def test_each_of_several_pixels_is_named(
    entry: dict[str, Any], expected: list[str], where: str, settings: Settings
) -> None:
    good = {"PIXEL_ID": "2", "ACCESS_TOKEN": TOKEN}
    settings.CAPI = {"PIXELS": {"us": good, "eu": entry}, "CONSENT": sound.granted, "SENDER": "graph"}

    messages = everything()

    assert ids(messages) == expected
    assert all(where in message.msg for message in messages)
