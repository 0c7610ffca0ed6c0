"""A visitor that is captured in a request and given to an event that happens later, elsewhere."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings

from django_capi.consent import Consent
from django_capi.ledger import withdrawal
from django_capi.models import Event, Snapshot
from django_capi.tracking import acapture_visitor, capture_visitor, track
from django_capi.types import CustomDataDict
from tests.conftest import ADDRESS, AGENT, FBP
from tests.support.failing_sql import failing
from tests.tracking.serving import GOOGLEBOT, STRIPE

pytestmark = pytest.mark.django_db

PAID: CustomDataDict = {"value": 20, "currency": "EUR"}


@pytest.fixture
def request_of_ann(rf: RequestFactory) -> HttpRequest:
    headers: dict[str, Any] = {"HTTP_USER_AGENT": AGENT, "REMOTE_ADDR": ADDRESS, "HTTP_COOKIE": f"_fbp={FBP}"}
    return rf.get("/quote/?email=ann@example.com", **headers)


def payload() -> Any:
    return json.loads(Event.objects.get().payload)


def test_a_later_event_is_that_visitors(request_of_ann: HttpRequest) -> None:
    reference = capture_visitor(request_of_ann)

    event_id = track("Purchase", visitor=reference, user_data={"em": "ann@example.com"}, custom_data=PAID)

    event = Event.objects.get()
    assert (event.event_id, event.consent, event.action_source) == (event_id, Consent.GRANTED, "website")
    assert (
        payload()["user_data"].items()
        >= {
            "client_ip_address": ADDRESS,
            "client_user_agent": AGENT,
            "fbp": FBP,
        }.items()
    )
    assert payload()["event_source_url"] == "http://testserver/quote/"


def test_the_reference_says_nothing_of_the_visitor(request_of_ann: HttpRequest) -> None:
    first, second = capture_visitor(request_of_ann), capture_visitor(request_of_ann)

    assert re.fullmatch(r"visitor:[0-9a-f]{32}", first)
    assert first != second
    assert json.loads(json.dumps(first)) == first


def test_it_may_be_used_for_several_events(request_of_ann: HttpRequest) -> None:
    reference = capture_visitor(request_of_ann)

    for name in ("Lead", "Schedule"):
        track(name, visitor=reference)

    assert Event.objects.count() == 2


@pytest.mark.parametrize(
    ("policy", "said", "expected"),
    [
        (True, None, Consent.GRANTED),
        (True, False, None),
        (False, None, None),
        (False, True, None),
        (None, None, None),
        (None, True, Consent.GRANTED),
    ],
)
def test_the_consent_is_that_of_the_capture_and_the_callers_word(
    request_of_ann: HttpRequest, settings: Settings, policy: bool | None, said: bool | None, expected: Consent | None
) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: policy}
    reference = capture_visitor(request_of_ann)
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: True}

    track("Lead", visitor=reference, consent=said, user_data={"em": "ann@example.com"})

    assert list(Event.objects.values_list("consent", flat=True)) == ([expected] if expected else [])


@pytest.mark.parametrize("policy", [False, None], ids=["denied", "unknown"])
def test_nothing_is_stored_of_a_visitor_without_consent(
    request_of_ann: HttpRequest, settings: Settings, policy: bool | None
) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: policy}

    capture_visitor(request_of_ann)

    assert not any(part in str(Snapshot.objects.values()) for part in (ADDRESS, AGENT, FBP))


def test_a_withdrawal_in_between_counts(request_of_ann: HttpRequest) -> None:
    reference = capture_visitor(request_of_ann)
    withdrawal.withdraw(fbps=[FBP])

    assert track("Lead", visitor=reference) is None
    assert track("Lead", visitor=reference, consent=True) is None


@pytest.mark.parametrize("case", ["crawler", "excluded"])
def test_whoever_is_not_tracked_is_not_tracked_later(rf: RequestFactory, settings: Settings, case: str) -> None:
    if case == "excluded":
        settings.CAPI = {**settings.CAPI, "EXCLUDE": lambda request: True}
    agent = GOOGLEBOT if case == "crawler" else AGENT

    reference = capture_visitor(rf.get("/", HTTP_USER_AGENT=agent, REMOTE_ADDR=ADDRESS))

    assert track("Lead", visitor=reference, consent=True, user_data={"em": "ann@example.com"}) is None


def test_a_captured_program_is_not_a_browser(rf: RequestFactory) -> None:
    reference = capture_visitor(rf.post("/", HTTP_USER_AGENT=STRIPE, REMOTE_ADDR=ADDRESS))

    track("Lead", visitor=reference, user_data={"em": "ann@example.com"})

    assert payload()["action_source"] == "system_generated"
    assert payload()["user_data"].keys() == {"em"}


def test_it_can_be_awaited(request_of_ann: HttpRequest) -> None:
    reference = async_to_sync(acapture_visitor)(request_of_ann)

    assert track("Lead", visitor=reference)


def test_a_capture_that_fails_breaks_no_view_and_sends_nothing(
    request_of_ann: HttpRequest, caplog: pytest.LogCaptureFixture
) -> None:
    with failing("INSERT", "django_capi_snapshot"):
        reference = capture_visitor(request_of_ann)

    assert track("Lead", visitor=reference, consent=True) is None
    assert "A captured visitor could not be processed" in caplog.text
