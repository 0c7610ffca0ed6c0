"""An event that Meta refuses, or that its servers fail at, costs no other event."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from django_capi.delivery import batches, due, lanes
from django_capi.delivery.drain import deliver
from django_capi.models import Event, Lane, Rank, Status
from example_project.standin.server import Running
from tests.delivery.sending import answer, forget_pauses, lead, poisoned, seen, status
from tests.support.refusing_meta import refusing

pytestmark = pytest.mark.django_db


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

    def test_a_search_ends_with_the_worker_and_goes_on_with_the_next(self, meta: Running) -> None:
        rows = [poisoned(number) if number in (3, 40) else lead(number) for number in range(64)]
        looks = iter([False, False, False])

        report = deliver(is_over=lambda: next(looks, True))

        assert report.requests == 3
        for _ in range(3):
            deliver()
            forget_pauses()
        assert {number for number, row in enumerate(rows) if status(row) is Status.REJECTED} == {3, 40}
        assert len(seen(meta)) == 62

    @pytest.mark.parametrize("requests", range(2, 12))
    def test_a_worker_that_must_go_blames_no_event_for_the_lane(self, meta: Running, requests: int) -> None:
        rows = [poisoned(number) for number in range(50)]
        looks = iter([False] * requests)

        deliver(is_over=lambda: next(looks, True))

        assert {status(row) for row in rows} == {Status.PENDING}

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
            assert (status(rows[0]), rows[0].rank) == (Status.PENDING, Rank.QUARANTINE)
            assert timedelta(minutes=59) < rows[0].due_at - timezone.now() <= timedelta(hours=1)

    def test_it_is_tried_again_by_itself_and_taken_when_meta_has_mended(self, settings: Settings) -> None:
        taken: list[str] = []
        broken = ["lead-00000000"]
        with refusing(lambda ids: bool(set(broken) & set(ids)), taken, status=500) as url:
            settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": url}
            event = lead(0)
            Event.objects.update(rank=Rank.QUARANTINE)
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

        assert (status(first), first.rank, first.ambiguous) == (Status.PENDING, Rank.QUARANTINE, 1)
        assert status(second) is Status.ACCEPTED

    def in_trouble(self, **lane: int) -> None:
        """As after many failures."""
        lanes.claim("1234567890123456")
        Lane.objects.update(failures=9, lease_until=None, **lane)

    def test_when_meta_answers_no_request_none_is_quarantined(self, meta: Running) -> None:
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

    def test_when_meta_recovers_during_the_search_none_is_quarantined(self, settings: Settings) -> None:
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

        batches.quarantine(due.read(held, limit=1))

        event = Event.objects.get()
        assert event.deadline - event.due_at == batches.LAST_TRY

    def test_when_all_fail_none_is_quarantined(self, meta: Running) -> None:
        rows = [lead(number) for number in range(30)]
        answer(meta, answer="500")

        self.passes(9)

        assert {(status(row), Rank(row.rank)) for row in rows} == {(Status.PENDING, Rank.FIRST)}
        assert Lane.objects.get().failures == 9
        answer(meta, answer="ok")
        assert deliver().accepted == 30
