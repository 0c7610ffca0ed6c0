"""Several lanes for one pixel: how its events are divided, and what changes when the number of lanes does."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from django_capi.delivery import batches, client, due, lanes, shards
from django_capi.delivery.drain import deliver
from django_capi.models import Batch, Event, Lane, Rank, Status
from example_project.standin.server import Running
from tests.delivery.sending import answer, lead, seen, status
from tests.support.factories import PIXEL_ID, EventFactory

pytestmark = pytest.mark.django_db

ENOUGH = 40  # events, so that each of three shards has some
Divide = Callable[[int], None]


@pytest.fixture
def divide(settings: Settings) -> Divide:
    """Change the setting."""

    def change(number: int) -> None:
        settings.CAPI = {**settings.CAPI, "SHARDS": number}

    return change


def store() -> None:
    for number in range(ENOUGH):
        lead(number)


def claimed(shard: int) -> lanes.Claim:
    held = lanes.claim_lane(Lane.objects.get(shard=shard))
    assert held
    return held


def end_leases() -> None:
    Lane.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def in_use() -> list[tuple[int, int]]:
    return list(Lane.objects.order_by("shard").values_list("shard", "shards"))


def arrived(meta: Running) -> list[str]:
    return sorted(event["event_id"] for event in seen(meta))


class TestDivided:
    def test_each_event_is_in_one_shard(self, divide: Divide) -> None:
        divide(3)
        deliver()
        store()

        found = [{row.pk for row in due.read(claimed(shard), limit=ENOUGH)} for shard in range(3)]

        assert all(found)
        assert sum(map(len, found)) == ENOUGH
        assert set.union(*found) == set(Event.objects.values_list("pk", flat=True))

    def test_a_pixel_of_two_that_share_their_events_has_some_in_each_shard(self, divide: Divide) -> None:
        divide(2)
        deliver()
        for _ in range(ENOUGH):
            EventFactory()
            EventFactory(pixel_id="9876543210987654")

        assert all(due.read(claimed(shard), limit=1) for shard in range(2))

    def test_one_worker_sends_from_every_lane(self, divide: Divide, meta: Running) -> None:
        divide(3)
        store()

        report = deliver()

        assert (report.accepted, report.requests) == (ENOUGH, 3)
        assert in_use() == [(0, 3), (1, 3), (2, 3)]

    def test_a_lane_that_another_worker_holds_is_left_to_it(self, divide: Divide, meta: Running) -> None:
        divide(3)
        deliver()
        store()
        held = claimed(1)
        theirs = len(due.read(held, limit=ENOUGH))

        report = deliver()

        assert theirs
        assert report.accepted == ENOUGH - theirs
        assert len(due.read(held, limit=ENOUGH)) == theirs

    @pytest.mark.parametrize(("shard", "shed"), [(0, 20), (1, 0)])
    def test_one_lane_alone_gives_up_page_views_above_the_limit(
        self, shard: int, shed: int, divide: Divide, settings: Settings
    ) -> None:
        divide(2)
        deliver()
        settings.CAPI = {**settings.CAPI, "BACKLOG_LIMIT": 1000}
        Event.objects.bulk_create(EventFactory.build_batch(1020, event_name="PageView", rank=Rank.PAGE_VIEW))
        claimed(1 - shard)  # by another worker

        assert deliver().shed == shed

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL weighs the condition")
    def test_the_database_expects_about_as_many_events_as_there_are(self, divide: Divide) -> None:
        divide(4)
        deliver()
        Event.objects.bulk_create(EventFactory.build(event_id=f"event-{number}") for number in range(2000))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE django_capi_event")

        plan = Event.objects.due().in_shard(1, 4).explain()

        expected = re.search(r"rows=(\d+)", plan)
        assert expected and 250 <= int(expected[1]) <= 1000  # otherwise it sorts where it should read an index


class TestPaused:
    def test_a_refused_token_pauses_every_lane(self, divide: Divide, meta: Running) -> None:
        divide(3)
        store()
        answer(meta, answer="token_expired")

        report = deliver()
        again = deliver()

        assert (report.requests, again.requests) == (1, 0)
        assert Lane.objects.filter(paused_until__gt=timezone.now()).count() == 1

    @pytest.mark.parametrize("shard", range(3))
    def test_resuming_any_of_its_lanes_resumes_the_pixel(self, shard: int, divide: Divide, meta: Running) -> None:
        divide(3)
        store()
        answer(meta, answer="token_expired")
        deliver()
        answer(meta, answer="ok")

        count = lanes.resume([Lane.objects.get(shard=shard).pk])

        assert count == 1
        assert deliver().accepted == ENOUGH

    def test_a_pause_of_another_pixel_is_none_of_its_business(self, divide: Divide, meta: Running) -> None:
        divide(3)
        other = lanes.claim("9876543210987654")
        assert other
        lanes.pause(other, seconds=600, reason="sample")
        store()

        assert deliver().accepted == ENOUGH


@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1), (3, 2), (2, 5)])
class TestDividedAnew:
    """SHARDS changes while events wait."""

    def test_every_event_is_sent_once(self, before: int, after: int, divide: Divide, meta: Running) -> None:
        divide(before)
        deliver()
        store()
        divide(after)

        deliver()

        assert arrived(meta) == sorted(Event.objects.values_list("event_id", flat=True))
        assert set(Event.objects.values_list("status", "attempts")) == {(Status.ACCEPTED, 1)}
        assert in_use() == [(shard, after) for shard in range(max(before, after))]

    def test_nothing_is_sent_while_a_worker_holds_a_lane(
        self, before: int, after: int, divide: Divide, meta: Running
    ) -> None:
        divide(before)
        deliver()
        store()
        held = claimed(before - 1)
        divide(after)

        report = deliver()
        lanes.release(held)

        assert (report.accepted, report.requests) == (0, 0)
        assert set(Lane.objects.values_list("shards", flat=True)) == {before}
        assert deliver().accepted == ENOUGH

    def test_what_a_dead_worker_left_is_settled_before(
        self, before: int, after: int, divide: Divide, meta: Running
    ) -> None:
        divide(before)
        deliver()
        store()
        held = claimed(before - 1)
        first = due.read(held, limit=3)
        sent = batches.AcceptedRequest(
            rows=first, batch=batches.intend(held, first, size=1), answer=client.accepted('{"data": [{},{},{}]}')
        )
        second = due.read(held, limit=2, besides=first)
        batches.intend(held, second, size=1, after=sent)
        end_leases()
        divide(after)

        report = deliver()

        assert (report.accepted, report.ambiguous) == (ENOUGH, 2)
        assert len(arrived(meta)) == ENOUGH - 3
        assert set(Event.objects.filter(ambiguous=1).values_list("pk", flat=True)) == {row.pk for row in second}
        assert not Batch.objects.filter(finished_at=None).exists()

    def test_a_worker_of_before_sends_nothing_more(
        self, before: int, after: int, divide: Divide, meta: Running
    ) -> None:
        divide(before)
        deliver()
        store()
        slow = claimed(before - 1)
        rows = due.read(slow, limit=3)
        end_leases()
        divide(after)
        deliver()

        with pytest.raises(lanes.LostLane):
            batches.intend(slow, rows, size=1)

    def test_a_lane_as_it_was_before_cannot_be_claimed(
        self, before: int, after: int, divide: Divide, meta: Running
    ) -> None:
        divide(before)
        deliver()
        was = Lane.objects.get(shard=before - 1)
        divide(after)
        deliver()

        assert lanes.claim_lane(was) is None


def test_two_workers_that_divide_at_once_do_it_once(divide: Divide) -> None:
    found = lanes.of_pixel(PIXEL_ID)
    divide(3)
    shards.divide(found)
    divide(2)

    shards.divide(found)  # read before the other one was done

    assert in_use() == [(0, 3), (1, 3), (2, 3)]


def test_a_worker_that_lost_a_lane_leaves_everything_as_it_is(divide: Divide) -> None:
    divide(2)
    deliver()
    held = [claimed(shard) for shard in range(2)]
    end_leases()
    claimed(1)

    with pytest.raises(lanes.LostLane):
        shards.store(held, 4)

    assert in_use() == [(0, 2), (1, 2)]


def test_a_lane_that_is_missing_is_made_again(divide: Divide, meta: Running) -> None:
    divide(3)
    deliver()
    store()
    Lane.objects.filter(shard=1).delete()

    assert deliver().accepted == ENOUGH
    assert in_use() == [(0, 3), (1, 3), (2, 3)]


def test_a_worker_that_has_to_stop_begins_no_further_lane(divide: Divide, meta: Running) -> None:
    divide(3)
    deliver()
    store()
    looks = iter(range(9))

    report = deliver(is_over=lambda: next(looks) > 0)

    assert report.requests == 1
    assert report.accepted < ENOUGH


def test_a_malformed_number_is_one(divide: Divide, meta: Running) -> None:
    divide("many")  # type: ignore[arg-type]
    event = lead()

    deliver()

    assert status(event) is Status.ACCEPTED
    assert in_use() == [(0, 1)]
