"""What `track()` takes, what it refuses, and that every event of the ground floor can be sent through it."""

from __future__ import annotations

import inspect
import json
import time
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from django_capi.meta.events import ActionSource, AppData, InvalidEvent, MessagingChannel, OriginalEventData
from django_capi.meta.events.event import KINDS
from django_capi.models import Event, Status
from django_capi.tracking import atrack, track
from django_capi.tracking.arguments import unix_seconds
from django_capi.types import AppDataDict, CustomDataDict, UserDataDict
from tests.conftest import ADDRESS, AGENT

pytestmark = pytest.mark.django_db

ANN: UserDataDict = {"em": "ann@example.com"}
PAID: CustomDataDict = {"value": 20, "currency": "EUR"}
NOW = int(time.time()) - 60
ANDROID = ["a2", "com.example.shop", "1", "1.0", "14", "Pixel 8", "en_US", "CET", "T-Mobile",
           1080, 2400, 2.6, 8, 128, 64, "Europe/Berlin"]  # fmt: skip
APP: AppDataDict = {"advertiser_tracking_enabled": True, "extinfo": ANDROID}


def sent(**changes: Any) -> dict[str, Any]:
    """The payload of the only event, tracked without a request."""
    options = {"event_name": "Lead", "user_data": ANN, "consent": True, **changes}
    assert track(**options) is not None
    event = Event.objects.get()
    assert event.status == Status.PENDING, event.error_reason
    found: dict[str, Any] = json.loads(event.payload)
    return found


class TestTime:
    @pytest.mark.parametrize(
        "given",
        [
            NOW,
            float(NOW),
            NOW + 0.25,
            datetime.fromtimestamp(NOW, UTC),
            datetime.fromtimestamp(NOW, timezone(timedelta(hours=-5))),
            datetime.fromtimestamp(NOW + 0.5, UTC),
            datetime.fromtimestamp(NOW, ZoneInfo("Asia/Tokyo")).replace(tzinfo=None),
        ],
        ids=["int", "float", "a quarter", "aware", "aware elsewhere", "half a second", "naive"],
    )
    def test_moments_of_any_form_are_taken(self, settings: Settings, given: Any) -> None:
        settings.TIME_ZONE = "Asia/Tokyo"

        assert sent(event_time=given)["event_time"] == NOW

    def test_a_naive_moment_is_in_the_current_time_zone_without_time_zone_support_too(self, settings: Settings) -> None:
        settings.USE_TZ = False
        settings.TIME_ZONE = "Asia/Tokyo"

        naive = datetime.fromtimestamp(NOW, ZoneInfo("Asia/Tokyo")).replace(tzinfo=None)

        assert unix_seconds(naive) == NOW

    @pytest.mark.parametrize(
        ("given", "rule"),
        [
            (NOW * 1000, "not milliseconds: divide by 1000"),
            (float(NOW * 1000), "not milliseconds"),
            (str(NOW), "datetime or Unix seconds"),
            ("2026-11-26T10:00:00Z", "datetime or Unix seconds"),
            (True, "datetime or Unix seconds"),
            (date(2026, 11, 26), "datetime or Unix seconds"),
            (Decimal(NOW), "datetime or Unix seconds"),
            (float("nan"), "datetime or Unix seconds"),
            (float("inf"), "datetime or Unix seconds"),
            (-1, "Unix seconds"),
        ],
        ids=[
            "milliseconds",
            "milliseconds with a point",
            "text of seconds",
            "text of a moment",
            "true",
            "a date",
            "a decimal",
            "not a number",
            "infinity",
            "before 1970",
        ],
    )
    def test_times_of_another_form_are_refused_by_name(self, settings: Settings, given: Any, rule: str) -> None:
        settings.DEBUG = True

        with pytest.raises(InvalidEvent, match=f"event_time: .*{rule}"):
            track("Lead", event_time=given, user_data=ANN, consent=True)

        assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"action_source": "webstie"}, "action_source"),
        ({"messaging_channel": "fax"}, "messaging_channel"),
        ({"custom_data": ["value"]}, "custom_data"),
        ({"user_data": "ann@example.com"}, "user_data"),
        ({"app_data": "a2"}, "app_data"),
        ({"app_data": {"extinfo": ANDROID}}, "app_data.advertiser_tracking_enabled"),
        ({"app_data": {**APP, "extinfo": "a2"}}, "app_data.extinfo"),
        ({"app_data": {**APP, "advertiser_tracking_enabled": "yes"}}, "app_data.advertiser_tracking_enabled"),
        ({"app_data": {**APP, "ann@example.com": 1}}, "app_data"),
        ({"original_event_data": {"event_time": "yesterday"}}, "original_event_data.event_time"),
        ({"original_event_data": {"event_id": "ann@example.com"}}, "original_event_data.event_id"),
        ({"original_event_data": {"order_id": "+49 171 1234567"}}, "original_event_data.order_id"),
        ({"event_id": "order-ann@example.com"}, "event_id"),
        ({"event_id": "ann%2540example.com"}, "event_id"),
        ({"original_event_data": {"name": "Subscribe"}}, "original_event_data"),
        ({"url": "/thanks/"}, "url"),
        ({"url": b"https://shop.example.com/"}, "url"),
        ({"pixels": ["eu"]}, "pixels"),
        ({"pixels": []}, "pixels"),
        ({"opt_out": "no"}, "opt_out"),
        ({"event_id": 7}, "event_id"),
        ({"event_name": None}, "event_name"),
        ({"visitor": 5}, "visitor"),
        ({"request": RequestFactory().get("/"), "visitor": "visitor:1"}, "visitor"),
    ],
    ids=repr,
)
def test_an_argument_of_the_wrong_form_is_refused_by_name_and_never_quoted(
    settings: Settings, options: dict[str, Any], field: str
) -> None:
    settings.DEBUG = True

    with pytest.raises(InvalidEvent) as raised:
        track(**{"event_name": "Lead", "user_data": ANN, "consent": True, **options})

    assert raised.value.field == field
    assert "ann@example.com" not in str(raised.value)


def test_every_part_of_an_event_has_its_argument() -> None:
    """Those that are not arguments come from the request, or from the consent."""
    options = set(inspect.signature(track).parameters)

    assert KINDS.keys() - options == {
        "event_source_url",
        "referrer_url",
        "data_processing_options",
        "data_processing_options_country",
        "data_processing_options_state",
    }
    assert options - KINDS.keys() == {"request", "visitor", "consent", "url", "pixels"}


def test_the_async_twin_has_the_same_arguments() -> None:
    assert inspect.signature(atrack) == inspect.signature(track)
    assert inspect.iscoroutinefunction(atrack)


def test_an_id_may_be_a_uuid() -> None:
    event_id = uuid.uuid4()

    assert sent(event_id=event_id)["event_id"] == str(event_id)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"action_source": "physical_store", "event_name": "Purchase", "custom_data": PAID}, {}),
        ({"action_source": ActionSource.PHONE_CALL}, {"action_source": "phone_call"}),
        ({"action_source": "chat"}, {}),
        ({"action_source": "email"}, {}),
        ({"action_source": "other"}, {}),
        (
            {
                "action_source": "system_generated",
                "user_data": {"lead_id": 1234567890123456},
                "custom_data": {"event_source": "crm", "lead_event_source": "Some CRM"},
            },
            {},
        ),
        (
            {
                "event_name": "Purchase",
                "messaging_channel": "whatsapp",
                "user_data": {"whatsapp_business_account_id": "1", "ctwa_clid": "c"},
                "custom_data": PAID,
            },
            {"action_source": "business_messaging", "messaging_channel": "whatsapp"},
        ),
        (
            {
                "event_name": "LeadSubmitted",
                "messaging_channel": MessagingChannel.MESSENGER,
                "user_data": {"page_id": "1", "page_scoped_user_id": "2"},
            },
            {"action_source": "business_messaging", "messaging_channel": "messenger"},
        ),
        ({"app_data": APP}, {"action_source": "app"}),
        (
            {"app_data": AppData(advertiser_tracking_enabled=False, extinfo=tuple(map(str, ANDROID)))},
            {"action_source": "app"},
        ),
        (
            {"original_event_data": {"event_name": "Subscribe", "event_time": datetime.fromtimestamp(NOW, UTC),
                                     "order_id": 7}},
            {"original_event_data": {"event_name": "Subscribe", "event_time": NOW, "order_id": "7"}},
        ),
        (
            {"original_event_data": OriginalEventData(event_time=NOW)},
            {"original_event_data": {"event_time": NOW}},
        ),
        ({"opt_out": True}, {"opt_out": True}),
        (
            {
                "action_source": "website",
                "url": "https://shop.example.com/thanks/?email=ann@example.com&utm_source=mail#top",
                "user_data": {"client_user_agent": AGENT, "client_ip_address": ADDRESS},
            },
            {"event_source_url": "https://shop.example.com/thanks/?utm_source=mail"},
        ),
    ],
    ids=["store", "phone", "chat", "email", "other", "crm", "whatsapp", "messenger", "app", "app, made", "renewal",
         "renewal, made", "opt out", "a page without a request"],
)  # fmt: skip
def test_each_family_of_events_can_be_sent(options: dict[str, Any], expected: dict[str, Any]) -> None:
    found = sent(**options)

    assert expected.items() <= found.items()
    assert "action_source" in expected or found["action_source"] == options.get("action_source", "system_generated")


def test_numbers_of_a_device_are_sent_as_strings() -> None:
    found = sent(app_data=APP)["app_data"]

    assert found["extinfo"] == list(map(str, ANDROID))
    assert found["advertiser_tracking_enabled"] == 1
