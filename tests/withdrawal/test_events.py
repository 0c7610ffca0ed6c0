"""A withdrawal reaches every event that was decided before it, and none that was decided after it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connection, connections, transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from django_capi.delivery import batches, due, lanes
from django_capi.delivery.client import Answer
from django_capi.ledger import erasure, retention, withdrawal
from django_capi.ledger.resend import resend
from django_capi.meta import verdicts
from django_capi.models import Batch, Event, Status, Withdrawal
from django_capi.testing import deliver_now, outbox
from django_capi.tracking import atrack, track
from tests.browser.test_blocks import collect
from tests.conftest import ADDRESS, AGENT, FBP, HEADERS
from tests.support.failing_sql import failing
from tests.tracking.serving import Site, serve

pytestmark = pytest.mark.django_db

ACCEPTED = Answer(verdict=verdicts.judge(status=200, body='{"events_received": 1}'), status=200)


def sent() -> list[str]:
    deliver_now()
    return [str(event["event_id"]) for request in outbox for event in request.events]


def lead(event_id: str = "lead-00000001", **user_data: Any) -> Event:
    known: Any = {"fbp": FBP, **user_data}
    track("Lead", event_id=event_id, user_data=known, consent=True)
    return Event.objects.get(event_id=event_id)


def not_asked(request: HttpRequest) -> None:
    """A policy that has no answer yet."""


def browser() -> Client:
    client = Client(HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS)
    client.cookies["_fbp"] = FBP
    return client


class Meanwhile:
    """A view that stops on its way, and a visitor who withdraws in another tab until it goes on."""

    def __init__(self) -> None:
        self.has_come, self.goes_on = threading.Event(), threading.Event()

    def wait(self) -> None:
        self.has_come.set()
        assert self.goes_on.wait(10)

    def withdraw_during(self, visit: Callable[[], object]) -> int:
        def run() -> None:
            try:
                visit()
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        assert self.has_come.wait(10)
        try:
            return browser().post("/capi/withdraw/").status_code
        finally:
            self.goes_on.set()
            thread.join()


@pytest.mark.django_db(transaction=True)
class TestWhileTheViewIsAtWork:
    @pytest.fixture
    def meanwhile(self) -> Meanwhile:
        return Meanwhile()

    @pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
    @pytest.mark.parametrize("pixels", [1, 2])
    def test_an_event_in_an_open_transaction_is_not_sent(
        self, meanwhile: Meanwhile, settings: Settings, pixels: int
    ) -> None:
        def act(request: HttpRequest) -> None:
            with transaction.atomic():
                track("Lead", request=request)
                meanwhile.wait()

        configure(settings, pixels)
        serve(settings, act)
        answer = meanwhile.withdraw_during(lambda: browser().post("/act/"))

        assert (answer, sent()) == (204, [])
        assert [event.status for event in Event.objects.all()] == [Status.WITHDRAWN] * pixels

    def test_an_event_that_waits_for_its_response_is_not_sent(self, meanwhile: Meanwhile, settings: Settings) -> None:
        def act(request: HttpRequest) -> None:
            track("Lead", request=request)
            meanwhile.wait()

        serve(settings, act)
        answer = meanwhile.withdraw_during(lambda: browser().post("/act/"))

        assert (answer, sent()) == (204, [])

    def test_an_event_later_in_the_same_view_is_not_sent(self, meanwhile: Meanwhile, settings: Settings) -> None:
        """The view reads the cookies that its request came with, and they say yes."""

        def act(request: HttpRequest) -> None:
            meanwhile.wait()
            track("Lead", request=request)

        serve(settings, act)
        answer = meanwhile.withdraw_during(lambda: browser().post("/act/"))

        assert (answer, sent()) == (204, [])

    def test_consent_true_after_the_withdrawal_is_a_new_consent(self, meanwhile: Meanwhile, settings: Settings) -> None:
        def act(request: HttpRequest) -> None:
            meanwhile.wait()
            track("Lead", request=request, consent=True, event_id="lead-00000001")

        settings.CAPI = settings.CAPI | {"CONSENT": "tests.withdrawal.test_events.not_asked"}
        serve(settings, act)
        answer = meanwhile.withdraw_during(lambda: browser().post("/act/"))

        assert (answer, sent()) == (204, ["lead-00000001"])

    def test_an_event_in_an_async_view_is_not_sent(self, meanwhile: Meanwhile, settings: Settings) -> None:
        async def view(request: HttpRequest) -> HttpResponse:
            await atrack("Lead", request=request)
            await asyncio.to_thread(meanwhile.wait)
            return HttpResponse("done")

        async def visit() -> None:
            client = AsyncClient()
            client.cookies["_fbp"] = FBP
            await client.post("/act/", headers=HEADERS)
            await sync_to_async(connections.close_all)()

        settings.ROOT_URLCONF = Site(view)
        answer = meanwhile.withdraw_during(lambda: asyncio.run(visit()))

        assert (answer, sent()) == (204, [])

    @pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
    def test_the_snapshot_of_a_transaction_does_not_hide_it(self, meanwhile: Meanwhile, settings: Settings) -> None:
        """What a REPEATABLE READ transaction cannot see when it stores, the worker sees before it sends."""

        def act(request: HttpRequest) -> None:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ") if is_postgresql() else None
                Withdrawal.objects.count()  # MariaDB's snapshot begins with the first read
                meanwhile.wait()
                track("Lead", event_id="lead-00000001", user_data={"fbp": FBP}, consent=True)
                Event.objects.update(consented_at=F("consented_at") - timedelta(minutes=1))

        serve(settings, act)
        meanwhile.withdraw_during(lambda: browser().post("/act/"))

        assert sent() == []

    def test_a_late_event_is_stored_without_its_payload(self, meanwhile: Meanwhile, settings: Settings) -> None:
        def act(request: HttpRequest) -> None:
            track("Lead", request=request)
            meanwhile.wait()
            time.sleep(1.1)

        serve(settings, act)
        meanwhile.withdraw_during(lambda: browser().post("/act/"))

        assert list(Event.objects.values_list("status", "payload")) == [(Status.WITHDRAWN, "")]


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def configure(settings: Settings, pixels: int) -> None:
    entries = {
        f"pixel{number}": {"PIXEL_ID": f"123456789012345{number}", "ACCESS_TOKEN": "test-token-0123456789"}
        for number in range(pixels)
    }
    settings.CAPI = {**settings.CAPI, "PIXELS": entries}


class TestALaterYes:
    def test_revives_nothing_and_is_sent_itself(self, visitor: Client) -> None:
        visitor.post("/lead/")
        visitor.post("/capi/withdraw/")
        visitor.cookies["_fbp"] = FBP  # a banner may have kept it
        again = visitor.post("/lead/").content.decode()

        assert sent() == [again]
        assert Event.objects.filter(status=Status.WITHDRAWN).count() == 1

    def test_at_the_same_moment_the_withdrawal_wins(self) -> None:
        event = lead()
        withdrawal.withdraw(fbps=[FBP])
        Withdrawal.objects.update(withdrawn_at=Event.objects.get().consented_at)

        assert sent() == []
        assert Event.objects.get(pk=event.pk).status == Status.WITHDRAWN

    def test_what_the_browser_reports_late_happened_before(self, visitor: Client, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "BROWSER_EVENTS": ["AddToCart"]}
        withdrawal.withdraw(fbps=[FBP])
        collect(visitor, event_name="AddToCart", event_id="minted-0001", mirror=True, age=30)
        collect(visitor, event_name="AddToCart", event_id="minted-0002", mirror=True, age=0)

        assert sent() == ["minted-0002"]
        assert Event.objects.get(event_id="minted-0001").payload == ""

    def test_a_second_withdrawal_counts_again(self) -> None:
        withdrawal.withdraw(fbps=[FBP])
        lead()
        withdrawal.withdraw(fbps=[FBP])

        assert sent() == []
        assert Withdrawal.objects.count() == 1


class TestOfAnEventThat:
    def test_has_no_time_of_its_consent(self) -> None:
        """One that a release before this table has stored."""
        lead()
        Event.objects.update(consented_at=None)
        withdrawal.withdraw(fbps=[FBP])

        assert sent() == []

    def test_was_read_already_but_not_sent(self) -> None:
        lead()
        held = lanes.claim("1234567890123456")
        assert held
        rows = due.read(held, limit=10)
        withdrawal.withdraw(fbps=[FBP])

        assert len(rows) == 1
        assert due.still_pending(rows) == []

    @pytest.mark.parametrize("is_swept", [False, True], ids=["not swept", "swept"])
    @pytest.mark.parametrize("ago", [timedelta(0), timedelta(hours=5)], ids=["now", "before a long outage"])
    def test_was_under_way_says_so(self, ago: timedelta, *, is_swept: bool) -> None:
        """One that was committed only after the withdrawal had been swept is found by its withdrawal."""
        event = lead()
        held = lanes.claim("1234567890123456")
        assert held
        rows = due.read(held, limit=10)
        batch = batches.intend(held, rows, size=10)
        withdrawal.withdraw(fbps=[FBP])
        batches.record_answer(batch, ACCEPTED)
        lanes.release(held)
        Batch.objects.update(started_at=F("started_at") - ago)
        Event.objects.update(consented_at=F("consented_at") - ago)
        Withdrawal.objects.update(withdrawn_at=F("withdrawn_at") - ago, is_swept=is_swept)

        deliver_now()

        event.refresh_from_db()
        assert (event.status, event.payload, outbox) == (Status.ACCEPTED, "", [])
        assert "withdrew consent just after it was sent" in event.error_reason

    @pytest.mark.parametrize("status", [Status.IN_DOUBT, Status.REJECTED, Status.EXPIRED])
    def test_ended_without_meta_is_not_sent_again(self, status: Status) -> None:
        event = lead()
        Event.objects.update(status=status, finished_at=timezone.now(), error_reason="a reason")
        withdrawal.withdraw(fbps=[FBP])

        assert resend([event.pk]).pks == []
        assert sent() == []
        assert Event.objects.values_list("status", "payload", "error_reason").get() == (status, "", "a reason")

    def test_was_resent_before(self) -> None:
        event = lead()
        Event.objects.update(status=Status.IN_DOUBT, finished_at=timezone.now())
        assert resend([event.pk]).pks == [event.pk]
        withdrawal.withdraw(fbps=[FBP])

        assert sent() == []

    def test_is_another_visitors(self) -> None:
        other = "fb.1.1596403881668.2"
        withdrawal.withdraw(fbps=[other])
        lead()
        withdrawal.withdraw(fbps=[other], session="a-key")

        assert sent() == ["lead-00000001"]

    def test_waits_behind_a_paused_lane_loses_its_payload(self) -> None:
        lead()
        lanes.claim("1234567890123456")  # held elsewhere
        withdrawal.withdraw(fbps=[FBP])

        assert sent() == []
        assert Event.objects.values_list("status", "payload").get() == (Status.WITHDRAWN, "")


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has the clock of this machine")
@pytest.mark.parametrize("seconds", [-30, 30])
def test_the_clocks_of_web_servers_may_differ(visitor: Client, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    now = timezone.now

    def lead_elsewhere() -> str:
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(timezone, "now", lambda: now() + timedelta(seconds=seconds))
            return visitor.post("/lead/").content.decode()

    lead_elsewhere()
    withdrawal.withdraw(fbps=[FBP])
    second = lead_elsewhere()
    Event.objects.update(due_at=now())

    assert sent() == [second]


def test_a_whole_batch_of_withdrawn_events_hides_no_other(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "BATCH_EVENTS": 2}
    for number in range(5):
        lead(f"lead-{number:08}")
    track("Lead", event_id="lead-99999999", user_data={"fbp": "fb.1.1596403881668.2"}, consent=True)
    held = lanes.claim("1234567890123456")
    withdrawal.withdraw(fbps=[FBP])

    assert held
    assert [row.event_id for row in due.read(held, limit=2)] == ["lead-99999999"]


def test_a_checkout_asks_nothing_more() -> None:
    lead("lead-00000000")
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        lead_only()

    assert not [query for query in queries if "withdrawal" in query["sql"]]


def lead_only() -> None:
    track("Lead", event_id="lead-00000001", user_data={"fbp": FBP}, consent=True)


def test_the_sweep_is_one_query_while_there_is_nothing_new(django_assert_num_queries: Any) -> None:
    lead()
    withdrawal.withdraw(fbps=[FBP])
    assert erasure.sweep() == 1

    with django_assert_num_queries(1):
        assert erasure.sweep() == 0


def test_a_sweep_of_many_goes_on_with_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        lead(f"lead-{number:08}")
    withdrawal.withdraw(fbps=[FBP])
    monkeypatch.setattr(erasure, "MOST", 2)

    assert [erasure.sweep() for _ in range(4)] == [2, 1, 0, 0]


def test_a_withdrawal_outlives_all_that_it_may_be_about(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "RETENTION_DAYS": 1}
    withdrawal.withdraw(fbps=[FBP])
    Withdrawal.objects.update(withdrawn_at=timezone.now() - timedelta(days=62))
    retention.prune()
    kept = Withdrawal.objects.count()
    Withdrawal.objects.update(withdrawn_at=timezone.now() - timedelta(days=64))

    retention.prune()

    assert (kept, Withdrawal.objects.count()) == (1, 0)


def test_pruning_finds_what_a_pass_did_not_see() -> None:
    lead()
    withdrawal.withdraw(fbps=[FBP])
    Withdrawal.objects.update(is_swept=True)

    retention.prune()

    assert Event.objects.get().payload == ""


@pytest.mark.django_db(transaction=True)
def test_a_deadlock_is_repeated() -> None:
    def deadlock() -> OperationalError:
        return OperationalError(1213, "Deadlock found when trying to get lock; try restarting transaction")

    with failing("INSERT", "django_capi_withdrawal", error=deadlock, times=2):
        assert withdrawal.withdraw(fbps=[FBP])

    assert Withdrawal.objects.count() == 1


def test_nothing_of_the_visitor_is_in_clear() -> None:
    withdrawal.withdraw(fbps=[FBP], external_ids=["customer-7"], session="a-session-key")

    stored = str(list(Withdrawal.objects.values()))
    assert Withdrawal.objects.count() == 3
    assert not any(part in stored for part in (FBP, "customer-7", "a-session-key"))
