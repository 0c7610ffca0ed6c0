"""A malformed setting that guards privacy or tests closes: events are stored and wait, and the lane says why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core import checks
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from django_capi.delivery.drain import deliver
from django_capi.models import Event, Lane, Status
from django_capi.testing import outbox
from django_capi.tracking import track
from django_capi.types import with_properties

pytestmark = pytest.mark.django_db

PIXEL = {"PIXEL_ID": "1234567890123456", "ACCESS_TOKEN": "token"}
MALFORMED: dict[str, tuple[str, Any]] = {
    "RESTRICT_DATA": ("RESTRICT_DATA", "true"),
    "PAYLOAD_DAYS": ("PAYLOAD_DAYS", "0"),
    "RETENTION_DAYS": ("RETENTION_DAYS", 0),
    "TEST_EVENT_CODE": ("TEST_EVENT_CODE", "T" * 30),
    "a pixel's test code": ("PIXELS", {"main": {**PIXEL, "TEST_EVENT_CODE": "T" * 30}}),
    "APP_SECRET": ("APP_SECRET", "two words"),
    "a pixel's secret": ("PIXELS", {"main": {**PIXEL, "APP_SECRET": None}}),
    "CA_BUNDLE": ("CA_BUNDLE", 5),
    "GPC": ("GPC", "Deny"),
    "ON_AMBIGUOUS": ("ON_AMBIGUOUS", {"Purchase": "wait"}),
}


def lead() -> None:
    own = with_properties({}, colour="red")
    assert track("Lead", consent=True, user_data={"em": "jane@example.com"}, custom_data=own)


@pytest.mark.parametrize(("key", "value"), MALFORMED.values(), ids=MALFORMED.keys())
def test_nothing_is_sent_until_it_is_right(
    key: str, value: object, settings: Settings, admin_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    sound = settings.CAPI
    settings.CAPI = {**sound, key: value}
    lead()

    told = checks.run_checks(tags=["capi"])
    report = deliver()
    waiting, said = Event.objects.get().status, Lane.objects.get().pause_reason
    page = admin_client.get("/admin/django_capi/lane/")
    settings.CAPI = sound
    Lane.objects.update(paused_until=timezone.now())
    deliver()

    assert (waiting, Event.objects.get().status) == (Status.PENDING, Status.ACCEPTED)
    assert key in said
    assert "nothing is sent until it is corrected" in report.paused["1234567890123456"]
    assert len(outbox) == 1
    assert "nothing is sent" in "".join(str(message.hint) for message in told)
    assert said in caplog.text
    assert said in page.content.decode().replace("&#x27;", "'").replace("&quot;", '"')


def test_what_is_stored_meanwhile_is_restricted(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "RESTRICT_DATA": "true"}

    lead()

    assert "custom_data" not in json.loads(Event.objects.get().payload)


def test_other_malformed_keys_stop_nothing(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "BATCH_EVENTS": "many"}
    lead()

    deliver()

    assert len(outbox) == 1
