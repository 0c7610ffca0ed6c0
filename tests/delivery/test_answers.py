"""Whatever Meta answers, or does not: no event is lost to it."""

from __future__ import annotations

import json
import time

import pytest
from django.db import DataError
from django.utils import timezone
from pytest_django import Settings

from django_capi.delivery.drain import PROBE_AFTER, PROBE_SIZE, deliver
from django_capi.ledger import lanes, resend
from django_capi.models import Batch, Event, Lane, Status
from django_capi.tracking import track
from example_project.standin.server import Running
from tests.delivery.sending import TOKEN, answer, forget_pauses, lead, seen, status
from tests.failing import failing

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "said",
    ["500", "429", "429_retry_after", "html", "permission", "token_expired"],
)
def test_no_event_is_lost_to_an_answer_that_is_not_about_it(meta: Running, said: str) -> None:
    event = lead()
    answer(meta, answer=said, times=1)

    first = deliver()

    assert status(event) is Status.PENDING
    assert list(first.paused) == [event.pixel_id]
    assert Lane.objects.get().pause_reason
    forget_pauses()
    assert deliver().accepted == 1
    assert seen(meta)[0]["event"] == json.loads(event.payload)


def test_a_paused_lane_sends_nothing(meta: Running) -> None:
    lead()
    answer(meta, answer="500", times=1)
    deliver()

    assert deliver().requests == 0


def test_retry_after_is_how_long_the_lane_waits(meta: Running) -> None:
    lead()
    answer(meta, answer="429_retry_after", retry_after="120", times=1)

    deliver()

    paused_until = Lane.objects.get().paused_until
    assert paused_until is not None
    assert 110 < (paused_until - timezone.now()).total_seconds() <= 121


def test_a_meta_that_is_down_loses_nothing_and_doubts_nothing(meta: Running) -> None:
    event = lead(event_time=int(time.time()) - 3600)
    meta.stop()

    deliver()

    assert status(event) is Status.PENDING
    assert event.ambiguous == 0
    assert Batch.objects.get().outcome == "transient"


@pytest.mark.parametrize("said", ["nothing", "slow", "accept_then_drop"])
def test_an_answer_that_never_comes_is_counted_and_sent_again(meta: Running, said: str) -> None:
    event = lead()
    answer(meta, answer=said, seconds=2, times=1)

    report = deliver()

    assert report.ambiguous == 1
    assert status(event) is Status.PENDING
    assert event.ambiguous == 1
    forget_pauses()
    deliver()
    assert status(event) is Status.ACCEPTED
    assert {found["event_id"] for found in seen(meta)} == {event.event_id}


def test_a_site_may_hold_what_may_have_arrived(meta: Running, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "ON_AMBIGUOUS": {"Lead": "hold"}}
    event = lead()
    answer(meta, answer="nothing", times=1)

    deliver()

    assert status(event) is Status.IN_DOUBT
    assert resend.resend([event.pk]) == 1
    forget_pauses()
    deliver()
    assert status(event) is Status.ACCEPTED


def test_after_many_failures_one_small_request_asks_whether_meta_is_back(meta: Running) -> None:
    for number in range(30):
        lead(number)
    lanes.claim("1234567890123456")
    Lane.objects.update(failures=PROBE_AFTER, lease_until=None)
    answer(meta, answer="nothing", times=1)

    deliver()

    assert Batch.objects.get().events == PROBE_SIZE
    forget_pauses()
    assert deliver().accepted == 30


def test_one_pixel_whose_rows_cannot_be_written_holds_up_no_other(settings: Settings, meta: Running) -> None:
    pixels = {name: {"PIXEL_ID": name * 16, "ACCESS_TOKEN": TOKEN} for name in "12345"}
    settings.CAPI = {**settings.CAPI, "PIXEL_ID": None, "PIXELS": pixels}
    track("Lead", event_id="lead-00000001", user_data={"em": "jane@example.com"}, consent=True)

    with failing("INSERT", "django_capi_batch", error=DataError, times=1), pytest.raises(DataError):
        deliver()

    assert sorted(Event.objects.values_list("status", flat=True)) == [Status.PENDING, *[Status.ACCEPTED] * 4]


def test_a_wrong_token_rejects_no_event(meta: Running, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.CAPI = {**settings.CAPI, "ACCESS_TOKEN": "another-token-012345678901234567890"}
    event = lead()

    deliver()

    assert status(event) is Status.PENDING
    assert "another-token" not in caplog.text
    assert Lane.objects.get().paused_until
