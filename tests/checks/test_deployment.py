"""The checks for production."""

from __future__ import annotations

from typing import Any

import pytest
from celery import Celery
from django.db import connections
from pytest_django import Settings

from django_capi import checks
from django_capi.checks.deployment import check_celery
from tests.checks.sound import BEAT, SOUND, ids


@pytest.mark.parametrize(("sender", "expected"), [("console", ["E006"]), ("memory", ["E006"]), ("auto", [])])
def test_production_sends_to_meta(sender: str, expected: list[str], settings: Settings) -> None:
    settings.CAPI = SOUND | {"SENDER": sender}

    assert ids(checks.check_deployment()) == expected
    assert checks.check_settings() == []


def test_a_test_code_does_not_belong_in_production(settings: Settings) -> None:
    settings.CAPI = SOUND | {"TEST_EVENT_CODE": "TEST12345"}

    assert ids(checks.check_deployment()) == ["W003"]
    assert checks.check_settings() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https")),
        ("USE_X_FORWARDED_HOST", True),
        ("USE_X_FORWARDED_PORT", True),
    ],
)
@pytest.mark.parametrize(
    ("keys", "expected"), [({}, ["W005"]), ({"TRUSTED_PROXIES": 1}, []), ({"TRUSTED_PROXIES": 0}, [])], ids=str
)
def test_a_proxy_in_front_wants_to_be_counted(
    name: str, value: object, keys: dict[str, int], expected: list[str], settings: Settings
) -> None:
    setattr(settings, name, value)
    settings.CAPI = SOUND | keys

    messages = checks.check_deployment()

    assert ids(messages) == expected
    assert all(name in message.msg for message in messages)


class ScheduledEntry:
    task = "django_capi.deliver"


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        pytest.param({"beat_schedule": BEAT}, [], id="sound"),
        pytest.param({"beat_schedule": {"sweep": ScheduledEntry()}}, [], id="entry-object"),
        pytest.param({"beat_schedule": BEAT, "task_always_eager": True}, ["W008"], id="eager"),
        pytest.param({"beat_schedule": {}}, ["W008"], id="no-entry"),
        pytest.param({"beat_schedule": {"other": {"task": "shop.tasks.other"}}}, ["W008"], id="other-entry"),
        pytest.param({"beat_schedule": {"junk": None, 5: []}}, ["W008"], id="junk-entries"),
        pytest.param({"beat_schedule": None}, ["W008"], id="no-schedule"),
        pytest.param({"beat_schedule": {}, "task_always_eager": True}, ["W008", "W008"], id="both"),
    ],
)
def test_the_ledger_wants_to_be_swept(configuration: dict[str, Any], expected: list[str], celery_app: Celery) -> None:
    celery_app.conf.update(configuration)

    assert ids(checks.check_deployment()) == expected


def test_the_sweep_is_described_with_and_without_celery(celery_app: Celery) -> None:
    celery_app.conf.beat_schedule = {}

    hint = str(checks.check_deployment()[0].hint)

    assert f"CELERY_BEAT_SCHEDULE = {BEAT!r}".replace("'", '"') in hint
    assert "manage.py capi_deliver --watch" in hint


def test_a_site_without_a_celery_application_is_told() -> None:
    app = Celery("none", fixups=[], set_as_current=False)

    assert ids(list(check_celery(app))) == ["W008"]


def test_a_celery_configuration_that_does_not_load_is_no_traceback() -> None:
    app = Celery("broken", fixups=[], set_as_current=False)
    app.config_from_object("nomodule.celeryconfig")

    assert ids(list(check_celery(app))) == ["W008"]


@pytest.mark.parametrize(
    ("vendor", "options", "expected"),
    [
        pytest.param("sqlite", {}, ["W013"], id="deferred"),
        pytest.param("sqlite", None, ["W013"], id="no-options"),
        pytest.param("sqlite", {"transaction_mode": "DEFERRED"}, ["W013"], id="deferred-by-name"),
        pytest.param("sqlite", {"transaction_mode": None}, ["W013"], id="none"),
        pytest.param("sqlite", {"transaction_mode": "immediate"}, [], id="lower-case"),
        pytest.param("sqlite", {"transaction_mode": "EXCLUSIVE"}, [], id="exclusive"),
        pytest.param("postgresql", {}, [], id="postgresql"),
    ],
)
def test_a_ledger_on_sqlite_wants_immediate_transactions(
    vendor: str, options: object, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections["default"], "vendor", vendor)
    monkeypatch.setitem(connections["default"].settings_dict, "OPTIONS", options)

    assert ids(checks.check_deployment()) == expected
