"""Whatever Meta answers, or does not: no event is lost to it."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from django_capi.delivery import lanes
from django_capi.delivery.drain import PROBE_AFTER, PROBE_SIZE, deliver
from django_capi.ledger import resend
from django_capi.models import Batch, Event, Lane, Status
from django_capi.tracking import track
from example_project.standin.server import Running
from tests.delivery.sending import TOKEN, answer, forget_pauses, lead, seen, status
from tests.support.failing_sql import failing

pytestmark = pytest.mark.django_db

SETUP = ["method_gone", "version_gone", "unknown_path", "app_deleted", "proof_required", "proof_invalid", "bad_call"]


@pytest.mark.parametrize(
    "said",
    [
        "500",
        "429",
        "429_retry_after",
        "html",
        "permission",
        "token_expired",
        *SETUP,
    ],
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


@pytest.mark.parametrize("count", [1, 2, 3, 20])
@pytest.mark.parametrize("said", SETUP)
def test_an_answer_about_the_set_up_rejects_no_event_however_many_wait(meta: Running, said: str, count: int) -> None:
    for number in range(count):
        lead(number)
    answer(meta, answer=said)

    report = deliver()

    assert set(Event.objects.values_list("status", flat=True)) == {Status.PENDING}
    assert report.requests == 1
    paused_until = Lane.objects.get().paused_until
    assert paused_until and (paused_until - timezone.now()).total_seconds() > 600


def test_an_app_that_demands_a_proof_gets_it(meta: Running, settings: Settings) -> None:
    event = lead()
    meta.require_proof("app-secret-0123456789")

    without = deliver()
    settings.CAPI = {**settings.CAPI, "APP_SECRET": "another-secret-0123456789"}
    forget_pauses()
    wrong = deliver()
    settings.CAPI = {**settings.CAPI, "APP_SECRET": "app-secret-0123456789"}
    forget_pauses()
    right = deliver()

    assert [report.accepted for report in (without, wrong, right)] == [0, 0, 1]
    assert all("APP_SECRET" in reason for report in (without, wrong) for reason in report.paused.values())
    assert seen(meta)[0]["event"] == json.loads(event.payload)


def test_each_pixel_has_the_secret_of_its_own_app(meta: Running, settings: Settings) -> None:
    right, wrong = "app-secret-0123456789", "another-secret-0123456789"
    pixels = {
        name: {"PIXEL_ID": name * 16, "ACCESS_TOKEN": TOKEN, "APP_SECRET": secret}
        for name, secret in (("1", right), ("2", wrong))
    }
    settings.CAPI = {**settings.CAPI, "PIXELS": pixels}
    meta.require_proof(right)
    track("Lead", event_id="lead-00000001", user_data={"em": "jane@example.com"}, consent=True)

    report = deliver()

    assert (report.accepted, list(report.paused)) == (1, ["2" * 16])


def test_a_fault_of_the_sender_costs_its_pixel_a_pause_and_no_other_pixel_anything(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    pixels = {name: {"PIXEL_ID": name * 16, "ACCESS_TOKEN": TOKEN} for name in "123"}
    settings.CAPI = {**settings.CAPI, "SENDER": "console", "PIXELS": pixels}
    track("Lead", event_id="lead-00000001", user_data={"em": "jane@example.com"}, consent=True)
    Event.objects.filter(pixel_id="1" * 16).update(payload="{}")  # the console sender cannot print it

    report = deliver()

    states = dict(Event.objects.values_list("pixel_id", "status"))
    assert states == {"1" * 16: Status.PENDING, "2" * 16: Status.ACCEPTED, "3" * 16: Status.ACCEPTED}
    assert "KeyError" in report.paused["1" * 16]
    told = [record for record in caplog.records if "KeyError" in record.getMessage()]
    assert [(record.name, record.exc_info) for record in told] == [("django_capi", None)]


def test_a_pass_asks_once_for_all_paused_lanes_and_writes_nothing(meta: Running, settings: Settings) -> None:
    deliver()  # the counts of the admin are made
    settings.CAPI = {**settings.CAPI, "PIXELS": {}, "PIXEL_ID": ""}
    with CaptureQueriesContext(connection) as without:
        deliver()
    pixels = {name: {"PIXEL_ID": name * 16, "ACCESS_TOKEN": TOKEN} for name in "12345678"}
    for pixel_id in (entry["PIXEL_ID"] for entry in pixels.values()):
        held = lanes.claim(pixel_id)
        assert held
        lanes.pause(held, seconds=600, reason="sample")
        lanes.release(held)
    settings.CAPI = {**settings.CAPI, "PIXELS": pixels}

    with CaptureQueriesContext(connection) as paused:
        deliver()

    assert lane_statements(paused) == [*lane_statements(without), "SELECT"]
    assert len(paused) == len(without) + 1


def lane_statements(captured: CaptureQueriesContext) -> list[str]:
    return [query["sql"].split()[0] for query in captured.captured_queries if "django_capi_lane" in query["sql"]]


def test_a_worker_that_looks_at_a_paused_lane_is_noted_now_and_then(meta: Running) -> None:
    held = lanes.claim("1234567890123456")
    assert held
    lanes.pause(held, seconds=600, reason="sample")
    recently, long_ago = timezone.now() - timedelta(minutes=1), timezone.now() - timedelta(minutes=10)

    noted = []
    for seen_at in (recently, long_ago, None):
        Lane.objects.update(seen_at=seen_at)
        deliver()
        noted.append(Lane.objects.get().seen_at)

    assert noted[0] == recently
    assert all(seen_at and seen_at > timezone.now() - timedelta(minutes=1) for seen_at in noted[1:])


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
    assert resend.resend([event.pk]).pks == [event.pk]
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
