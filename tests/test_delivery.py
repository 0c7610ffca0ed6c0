"""The sender against the stand-in, over real HTTP."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from django_capi import client
from django_capi.consent import Consent
from django_capi.delivery.drain import deliver
from django_capi.ledger import batches, lanes, resend, retention
from django_capi.meta import verdicts
from django_capi.models import Batch, BrowserState, Event, Lane, Rank, Status
from django_capi.signals import events_accepted
from django_capi.tracking import track
from example_project.standin.server import Running, serve
from tests.conftest import AGENT
from tests.refusing import refusing

pytestmark = pytest.mark.django_db

TOKEN = "test-token-0123456789"


@pytest.fixture
def meta(settings: Settings) -> Iterator[Running]:
    running = serve(token=TOKEN)
    settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": running.url, "READ_TIMEOUT": 0.5}
    yield running
    client.session().close()
    running.stop()


def answer(meta: Running, **control: Any) -> None:
    requests.post(f"{meta.url}/_control", json=control, timeout=5).raise_for_status()


def seen(meta: Running) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{meta.url}/_seen.json", timeout=5).json()["server"]
    return found


def lead(number: int = 1, **options: Any) -> Event:
    """A stored event that Meta takes."""
    event_id = track(
        "Lead", event_id=f"lead-{number:08}", user_data={"em": f"visitor{number}@example.com"}, consent=True, **options
    )
    return Event.objects.get(event_id=event_id)


def poisoned(number: int) -> Event:
    """A stored event that Meta refuses, though it looked well when it was stored."""
    event = lead(number)
    payload = {**json.loads(event.payload), "user_data": {"em": "not hashed"}}
    Event.objects.filter(pk=event.pk).update(payload=json.dumps(payload))
    return event


def status(event: Event) -> Status:
    event.refresh_from_db()
    return Status(event.status)


def forget_pauses() -> None:
    lanes.resume([lane.pk for lane in Lane.objects.all()])


def test_stored_events_arrive_with_their_ids_and_bytes(meta: Running) -> None:
    event = lead()

    report = deliver()

    assert (report.accepted, report.requests) == (1, 1)
    assert seen(meta)[0]["event"] == json.loads(event.payload)
    assert status(event) is Status.ACCEPTED
    assert (event.attempts, event.ambiguous) == (1, 0)
    assert event.batch and event.batch.fbtrace_id


def test_a_batch_holds_many_events_and_a_second_pass_nothing(meta: Running) -> None:
    for number in range(30):
        lead(number)

    first, second = deliver(), deliver()

    assert (first.accepted, first.requests) == (30, 1)
    assert second.requests == 0
    assert len(seen(meta)) == 30


def test_many_batches_go_in_one_pass_and_what_comes_in_between_goes_with_them(
    meta: Running, settings: Settings
) -> None:
    settings.CAPI = {**settings.CAPI, "BATCH_EVENTS": 4}
    for number in range(10):
        lead(number)

    def one_more(**_: object) -> None:
        if Event.objects.count() == 10 and not Event.objects.filter(status=Status.PENDING).exists():
            lead(10)

    events_accepted.connect(one_more)
    try:
        report = deliver()
    finally:
        events_accepted.disconnect(one_more)

    assert (report.accepted, report.requests) == (11, 4)
    assert {found["event_id"] for found in seen(meta)} == {f"lead-{number:08}" for number in range(11)}
    assert set(Event.objects.values_list("status", "attempts")) == {(Status.ACCEPTED, 1)}


def test_test_events_travel_apart_with_their_code(meta: Running, settings: Settings) -> None:
    lead(1)
    settings.CAPI = {**settings.CAPI, "TEST_EVENT_CODE": "TEST123"}
    lead(2)

    report = deliver()

    assert report.requests == 2
    assert {event["test_event_code"] for event in seen(meta)} == {None, "TEST123"}


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


class TestBacklog:
    def test_conversions_go_before_page_views_and_the_nearest_deadline_first(self, meta: Running) -> None:
        now = int(time.time())
        view = lead(1, event_time=now - 500)
        Event.objects.filter(pk=view.pk).update(rank=Rank.PAGE_VIEW)
        lead(2, event_time=now - 100)
        lead(3, event_time=now - 300)

        deliver()

        assert [found["event_id"] for found in seen(meta)] == ["lead-00000003", "lead-00000002", "lead-00000001"]

    def test_above_the_limit_the_oldest_page_views_are_given_up_and_counted(
        self, meta: Running, settings: Settings
    ) -> None:
        settings.CAPI = {**settings.CAPI, "BACKLOG_LIMIT": 1000}
        now = timezone.now()
        sound = Event(
            pixel_id="1234567890123456", event_name="PageView", event_time=1, action_source="website",
            consent=Consent.DENIED, due_at=now,
        )  # fmt: skip
        rows = []
        for number in range(1010):
            row = copy.copy(sound)
            row.event_id = f"view-{number:08}"
            row.rank = Rank.PAGE_VIEW if number % 2 else Rank.FIRST
            row.deadline = now + timedelta(hours=1, seconds=number)
            rows.append(row)
        Event.objects.bulk_create(rows)

        report = deliver()

        assert report.shed == 10
        given_up = Event.objects.filter(status=Status.EXPIRED)
        assert {row.event_id for row in given_up} == {f"view-{number:08}" for number in range(1, 21, 2)}
        assert {row.error_reason for row in given_up} == {"Shed: too many events waited."}


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


def test_a_wrong_token_rejects_no_event(meta: Running, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.CAPI = {**settings.CAPI, "ACCESS_TOKEN": "another-token-012345678901234567890"}
    event = lead()

    deliver()

    assert status(event) is Status.PENDING
    assert "another-token" not in caplog.text
    assert Lane.objects.get().paused_until


class TestPoison:
    """One bad event fails its whole request; it must end alone."""

    @pytest.mark.parametrize("bad", [{0}, {99}, {3, 4, 5}, {0, 1, 2, 98, 99}, set(range(40, 50))], ids=repr)
    def test_the_good_ones_are_delivered_and_the_bad_ones_named(self, meta: Running, bad: set[int]) -> None:
        rows = {number: poisoned(number) if number in bad else lead(number) for number in range(100)}

        for _ in range(5):
            deliver()
            forget_pauses()

        assert {number for number, row in rows.items() if status(row) is Status.REJECTED} == bad
        assert len(seen(meta)) == 100 - len(bad)
        assert {rows[number].error_subcode for number in bad} == {2804016}

    def test_one_bad_event_among_many_costs_few_requests(self, meta: Running) -> None:
        for number in range(64):
            poisoned(number) if number == 21 else lead(number)

        report = deliver()

        assert report.requests <= 2 * 6 + 2
        assert report.accepted == 63

    def test_when_all_are_refused_alike_it_is_the_lanes_fault(self, meta: Running) -> None:
        rows = [poisoned(number) for number in range(50)]

        report = deliver()

        assert {status(row) for row in rows} == {Status.PENDING}
        assert report.rejected == 0
        assert Lane.objects.get().paused_until

    def test_a_single_refused_event_ends(self, meta: Running) -> None:
        row = poisoned(1)

        deliver()

        assert status(row) is Status.REJECTED
        assert row.error_reason


def is_refused(ids: Sequence[str]) -> bool:
    return "lead-00000000" in ids


class TestFailing:
    """Meta's servers may fail at one event for as long as it lives, or at all of them for an hour."""

    def passes(self, count: int) -> None:
        """So many, with nothing in between but the end of each pause."""
        for _ in range(count):
            deliver()
            Lane.objects.update(paused_until=None)

    def test_an_event_that_meta_fails_at_holds_up_no_other(self, settings: Settings) -> None:
        taken: list[str] = []
        with refusing(is_refused, taken, status=500) as url:
            settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": url}
            rows = [lead(number, event_time=int(time.time()) - 100 + number) for number in range(60)]

            self.passes(7)
            lead(60)
            last = deliver()

            assert sorted(taken) == [f"lead-{number:08}" for number in range(1, 61)]
            assert (last.requests, last.paused) == (1, {})
            assert (status(rows[0]), rows[0].rank) == (Status.PENDING, Rank.ALONE)
            assert timedelta(minutes=59) < rows[0].due_at - timezone.now() <= timedelta(hours=1)

    def test_it_is_tried_again_by_itself_and_taken_when_meta_has_mended(self, settings: Settings) -> None:
        taken: list[str] = []
        broken = ["lead-00000000"]
        with refusing(lambda ids: bool(set(broken) & set(ids)), taken, status=500) as url:
            settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": url}
            event = lead(0)
            Event.objects.update(rank=Rank.ALONE)
            lead(1)
            first = deliver()
            assert (taken, first.requests, first.paused) == (["lead-00000001"], 2, {})

            broken.clear()
            Event.objects.filter(pk=event.pk).update(due_at=timezone.now())
            deliver()

        assert status(event) is Status.ACCEPTED

    def test_an_event_that_meta_never_gets_done_with_holds_up_no_other(self, meta: Running) -> None:
        first, second = (lead(number, event_time=int(time.time()) - 100 + number) for number in (1, 2))
        self.in_trouble(max_batch=1)
        answer(meta, answer="nothing", times=1)

        deliver()

        assert (status(first), first.rank, first.ambiguous) == (Status.PENDING, Rank.ALONE, 1)
        assert status(second) is Status.ACCEPTED

    def in_trouble(self, **lane: int) -> None:
        """As after many failures."""
        lanes.claim("1234567890123456")
        Lane.objects.update(failures=9, lease_until=None, **lane)

    def test_when_meta_answers_nobody_none_is_set_apart(self, meta: Running) -> None:
        rows = [lead(number) for number in range(4)]
        self.in_trouble(max_batch=1)
        answer(meta, answer="nothing")

        self.passes(3)

        assert {(status(row), Rank(row.rank)) for row in rows} == {(Status.PENDING, Rank.FIRST)}
        assert sum(row.ambiguous for row in rows) == 6  # an event and its witness, three times
        answer(meta, answer="ok")
        assert deliver().accepted == 4

    def test_one_that_waits_alone_is_not_set_apart(self, meta: Running) -> None:
        event = lead()
        self.in_trouble(max_batch=1)
        answer(meta, answer="nothing")

        report = deliver()

        assert (status(event), event.rank, report.requests) == (Status.PENDING, Rank.FIRST, 1)

    def test_when_meta_mends_during_the_search_none_is_set_apart(self, settings: Settings) -> None:
        taken: list[str] = []
        failures = iter([True] * 3)  # all four, the first two, the first
        with refusing(lambda ids: next(failures, False), taken, status=500) as url:
            settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": url}
            rows = [lead(number) for number in range(4)]
            self.in_trouble()

            deliver()

        assert {status(row) for row in rows} == {Status.ACCEPTED}
        assert sorted(taken) == [f"lead-{number:08}" for number in range(4)]

    def test_it_has_a_last_try_before_its_deadline(self) -> None:
        lead(0)
        Event.objects.update(deadline=timezone.now() + timedelta(minutes=30))
        held = lanes.claim("1234567890123456")
        assert held

        batches.set_apart(batches.due(held, limit=1))

        event = Event.objects.get()
        assert event.deadline - event.due_at == batches.LAST_TRY

    def test_when_all_fail_none_is_set_apart(self, meta: Running) -> None:
        rows = [lead(number) for number in range(30)]
        answer(meta, answer="500")

        self.passes(9)

        assert {(status(row), Rank(row.rank)) for row in rows} == {(Status.PENDING, Rank.FIRST)}
        assert Lane.objects.get().failures == 9
        answer(meta, answer="ok")
        assert deliver().accepted == 30


class TestLanes:
    def test_a_lane_has_one_holder(self, meta: Running) -> None:
        held = lanes.claim("1234567890123456")

        assert held
        assert lanes.claim("1234567890123456") is None
        lanes.release(held)
        assert lanes.claim("1234567890123456")

    def test_a_lease_that_ended_goes_to_the_next(self, meta: Running) -> None:
        first = lanes.claim("1234567890123456")
        Lane.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

        second = lanes.claim("1234567890123456")

        assert first and second
        assert second.fence > first.fence
        assert not lanes.renew(first)

    def test_a_worker_that_died_while_sending_leaves_its_events_in_doubt_and_due(self, meta: Running) -> None:
        event = lead()
        held = lanes.claim(event.pixel_id)
        assert held
        batches.intend(held, batches.due(held, limit=10), size=1)
        Lane.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

        report = deliver()

        assert (report.ambiguous, report.accepted) == (1, 1)
        assert status(event) is Status.ACCEPTED
        assert event.ambiguous == 1
        assert not Batch.objects.filter(finished_at=None).exists()

    def test_what_meta_took_before_the_worker_died_is_settled_by_the_note_of_it(self, meta: Running) -> None:
        first, second = lead(1), lead(2)
        held = lanes.claim(first.pixel_id)
        assert held
        rows = batches.due(held, limit=1)
        sent = batches.Sent(
            rows=rows, batch=batches.intend(held, rows, size=1), answer=client.accepted('{"data": [{}]}')
        )
        batches.intend(held, batches.due(held, limit=1, besides=rows), size=1, after=sent)
        Lane.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

        report = deliver()

        assert (report.accepted, report.ambiguous) == (2, 1)
        assert (status(first), first.attempts, first.ambiguous) == (Status.ACCEPTED, 1, 0)
        assert (status(second), second.attempts, second.ambiguous) == (Status.ACCEPTED, 2, 1)
        assert [found["event_id"] for found in seen(meta)] == [second.event_id]
        assert not Batch.objects.filter(finished_at=None).exists()

    def test_a_slow_worker_settles_nothing_twice(self, meta: Running) -> None:
        event = lead()
        held = lanes.claim(event.pixel_id)
        assert held
        rows = batches.due(held, limit=10)
        batch = batches.intend(held, rows, size=1)
        Lane.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        deliver()
        settled = Event.objects.values("status", "attempts", "batch_id").get()

        kept = batches.accept(held, batches.Sent(rows=rows, batch=batch, answer=client.accepted('{"data": [{}]}')))

        assert not kept
        assert Event.objects.values("status", "attempts", "batch_id").get() == settled


class TestOvertaken:
    """Something else happens to an event, or to its worker, while it is under way."""

    def under_way(self) -> tuple[lanes.Claim, batches.Sent]:
        """One event that Meta has just taken."""
        held = lanes.claim(lead(1).pixel_id)
        assert held
        rows = batches.due(held, limit=1)
        batch = batches.intend(held, rows, size=1)
        return held, batches.Sent(rows=rows, batch=batch, answer=client.accepted('{"data": [{}]}'))

    def test_an_event_that_expired_meanwhile_is_accepted_all_the_same(self) -> None:
        held, sent = self.under_way()
        Event.objects.update(deadline=timezone.now() - timedelta(seconds=1))
        retention.expire()

        batches.accept(held, sent)

        assert Event.objects.values_list("status", "error_reason").get() == (Status.ACCEPTED, "")

    def test_the_note_of_a_dead_worker_outweighs_a_deadline_that_has_passed(self, meta: Running) -> None:
        held, sent = self.under_way()
        lead(2)
        batches.intend(held, batches.due(held, limit=1, besides=sent.rows), size=1, after=sent)
        Lane.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        Event.objects.filter(pk=sent.rows[0].pk).update(deadline=timezone.now() - timedelta(seconds=1))

        deliver()

        assert set(Event.objects.values_list("status", flat=True)) == {Status.ACCEPTED}
        assert [found["event_id"] for found in seen(meta)] == ["lead-00000002"]

    def test_a_worker_that_is_interrupted_notes_what_meta_answers(self, meta: Running, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "BATCH_EVENTS": 2}
        for number in range(4):
            lead(number)

        def interrupt(**_: object) -> None:
            raise KeyboardInterrupt

        events_accepted.connect(interrupt)
        try:
            with pytest.raises(KeyboardInterrupt):  # the second request is under way
                deliver()
        finally:
            events_accepted.disconnect(interrupt)

        report = deliver()

        assert (report.accepted, report.requests) == (2, 0)
        assert len(seen(meta)) == 4
        assert set(Event.objects.values_list("status", "ambiguous")) == {(Status.ACCEPTED, 0)}

    def test_what_was_in_doubt_is_counted_once(self) -> None:
        _, sent = self.under_way()
        nothing = client.Answer(verdict=verdicts.unreachable(sent=True))

        batches.in_doubt(sent.batch, nothing)
        batches.in_doubt(sent.batch, nothing)

        assert Event.objects.values_list("attempts", "ambiguous").get() == (1, 1)

    def test_an_intent_that_was_written_twice_leaves_no_phantom(self) -> None:
        held, sent = self.under_way()

        batches.intend(held, sent.rows, size=1)

        assert Batch.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_nothing_is_sent(meta: Running) -> None:
    lead()

    with transaction.atomic(), pytest.raises(RuntimeError):
        deliver()

    assert not seen(meta)


class TestTime:
    def test_an_event_past_its_deadline_is_not_sent(self, meta: Running) -> None:
        good, late = lead(1), lead(2)
        Event.objects.filter(pk=late.pk).update(deadline=timezone.now() - timedelta(seconds=1))

        report = deliver()

        assert (report.expired, report.accepted) == (1, 1)
        assert (status(late), status(good)) == (Status.EXPIRED, Status.ACCEPTED)

    @pytest.mark.parametrize(("source", "days"), [("system_generated", 7), ("physical_store", 62)])
    def test_the_deadline_is_metas_age_limit(self, source: str, days: int) -> None:
        event = lead(action_source=source)

        left = event.deadline - timezone.now()

        assert timedelta(days=days, hours=-1, minutes=-1) < left <= timedelta(days=days, hours=-1)

    def test_a_delayed_event_keeps_its_own_time(self, meta: Running) -> None:
        happened = int(time.time()) - 2 * 86400
        lead(event_time=happened)

        deliver()

        assert seen(meta)[0]["event_time"] == happened

    def test_a_time_a_little_ahead_is_now(self) -> None:
        event = lead(event_time=int(time.time()) + 60)

        assert event.event_time <= time.time()


def test_without_consent_a_row_is_never_read(meta: Running) -> None:
    event = lead()
    Event.objects.update(consent=Consent.DENIED)

    assert deliver().requests == 0
    assert status(event) is Status.PENDING


def test_the_token_is_in_the_header_and_nowhere_else(meta: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    lead()

    deliver()

    assert TOKEN not in caplog.text
    assert TOKEN not in json.dumps(list(Batch.objects.values()), default=str)
    assert TOKEN not in json.dumps(list(Event.objects.values()), default=str)


def test_payloads_may_go_with_the_acceptance(meta: Running, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "PAYLOAD_DAYS": 0}
    event = lead()

    deliver()

    assert status(event) is Status.ACCEPTED
    assert event.payload == ""
    assert event.match_keys


def test_resending_leaves_what_meta_has(meta: Running) -> None:
    accepted = lead(1)
    deliver()
    rejected = poisoned(2)
    deliver()

    count = resend.resend([accepted.pk, rejected.pk])

    assert count == 1
    assert (status(accepted), status(rejected)) == (Status.ACCEPTED, Status.PENDING)


def test_pruning_takes_old_rows_and_never_pending_ones(meta: Running, settings: Settings) -> None:
    done, waiting, fresh = lead(1), lead(2), lead(3)
    long_ago = timezone.now() - timedelta(days=100)
    Event.objects.filter(pk__in=[done.pk, fresh.pk]).update(status=Status.ACCEPTED, finished_at=F("created_at"))
    Event.objects.filter(pk__in=[done.pk, waiting.pk]).update(event_time=F("event_time") - 100 * 86400)
    Event.objects.filter(pk=done.pk).update(finished_at=long_ago)

    removed = retention.prune()

    assert removed == 1
    assert set(Event.objects.values_list("pk", flat=True)) == {waiting.pk, fresh.pk}


def test_rows_may_go_before_their_texts_would(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "RETENTION_DAYS": 3}
    lead()
    Event.objects.update(
        status=Status.ACCEPTED,
        finished_at=timezone.now() - timedelta(days=5),
        event_time=F("event_time") - 5 * 86400,
    )

    assert retention.prune() == 1


def test_pruning_drops_old_texts_and_keeps_what_is_counted(meta: Running) -> None:
    event = lead()
    long_ago = timezone.now() - timedelta(days=10)
    Event.objects.update(
        status=Status.ACCEPTED,
        finished_at=long_ago,
        event_time=F("event_time") - 10 * 86400,
        browser_state=BrowserState.FIRED,
    )

    retention.prune()

    event.refresh_from_db()
    assert event.payload == ""
    assert (event.match_keys > 0, event.browser_state) == (True, BrowserState.FIRED)


def test_the_memory_sender_is_the_default_of_every_test(settings: Settings) -> None:
    lead()

    deliver()

    assert client.memory.sent[0].events[0]["event_name"] == "Lead"
    assert AGENT not in repr(client.memory.sent[0])


def test_the_console_sender_prints_no_contact_data(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.CAPI = {**settings.CAPI, "SENDER": "console"}
    event = lead()

    deliver()

    printed = capsys.readouterr().out
    assert "Lead lead-00000001 (em)" in printed
    assert json.loads(event.payload)["user_data"]["em"] not in printed
