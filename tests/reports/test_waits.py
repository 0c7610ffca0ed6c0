"""The split of the newest events' time, against a count in Python over random requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from django_capi.models import Batch, Event
from django_capi.reports import waits
from django_capi.reports.sums import Scope
from django_capi.reports.waits import AcceptedEvent, percentile
from django_capi.reports.windows import Window
from tests.support.factories import BatchFactory, EventFactory, LaneFactory

START = 1_790_035_200
ALL = Scope(window=Window(since=0))
SECONDS = st.integers(-100, 1000)


def at(second: float) -> datetime:
    return datetime.fromtimestamp(START, UTC) + timedelta(seconds=second)


@settings(deadline=None)
@given(
    stored=SECONDS,
    started=SECONDS,
    finished=SECONDS,
    failures=st.lists(st.tuples(st.sampled_from([1, 2]), SECONDS), max_size=6),
)
def test_the_parts_add_up_and_are_divided_by_the_first_request(
    stored: int, started: int, finished: int, failures: list[tuple[int, int]]
) -> None:
    event = AcceptedEvent(
        happened_at=at(0), created_at=at(stored), finished_at=at(finished), lane_id=1, started_at=at(started)
    )
    requests = [(lane_id, "transient", at(second), None) for lane_id, second in failures]

    parts = event.parts(waits.failures_of(requests))

    zero = timedelta()
    assert min(parts.storing, parts.waiting, parts.retries, parts.answer) >= zero
    assert parts.total == timedelta(seconds=max(0, stored, started, finished))
    before = [second for lane_id, second in failures if lane_id == 1 and stored <= second < started]
    if 0 <= stored <= started <= finished:
        first = min(before, default=started)
        assert parts.waiting == timedelta(seconds=first - stored)
        assert parts.retries == timedelta(seconds=started - first)
        assert parts.answer == timedelta(seconds=finished - started)


@settings(deadline=None)
@given(numbers=st.lists(st.integers(0, 1000), max_size=60), part=st.sampled_from([0.01, 0.5, 0.95, 1.0]))
def test_a_percentile_is_the_shortest_that_enough_keep(numbers: list[int], part: float) -> None:
    lengths = [timedelta(seconds=number) for number in numbers]

    found = percentile(lengths, part)

    if found is None:
        assert not numbers
        return
    assert found in lengths
    assert sum(length <= found for length in lengths) >= part * len(lengths)
    assert sum(length < found for length in lengths) < part * len(lengths)


def accepted(**columns: Any) -> Event:
    batch = columns.pop("batch", None) or BatchFactory(lane=columns.pop("lane"), started_at=at(4), finished_at=at(5))
    event: Event = EventFactory(accepted=True, event_time=START, finished_at=at(5), batch=batch, **columns)
    Event.objects.filter(pk=event.pk).update(created_at=at(1))
    return event


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", ["accepted", ""], ids=["accepted", "in flight"])
def test_only_requests_that_were_not_accepted_are_failures(outcome: str) -> None:
    lane = LaneFactory()
    BatchFactory(lane=lane, outcome=outcome, started_at=at(2), finished_at=at(3) if outcome else None)
    accepted(lane=lane)

    found = waits.newest(ALL)

    assert [parts.retries for parts in found.parts] == [timedelta()]
    assert (found.requests.count, found.requests.failed) == (2, 0)


@pytest.mark.django_db
def test_an_event_without_its_request_cannot_be_split() -> None:
    accepted(lane=LaneFactory())
    EventFactory(accepted=True)  # its request was pruned, or there was none
    accepted(lane=LaneFactory(pixel_id="2"))
    Batch.objects.filter(lane__pixel_id="2").delete()

    assert len(waits.newest(ALL).parts) == 1


@pytest.mark.django_db
def test_no_more_than_the_newest_are_read() -> None:
    lane = LaneFactory()
    batch = BatchFactory(lane=lane, started_at=at(4), finished_at=at(5))
    for _ in range(5):
        accepted(batch=batch)

    assert len(waits.newest(ALL, most=3).parts) == 3


@pytest.mark.django_db
def test_an_event_older_than_the_newest_requests_is_not_split() -> None:
    lane = LaneFactory()
    old = accepted(lane=lane)
    Event.objects.filter(pk=old.pk).update(created_at=at(-60))
    BatchFactory(lane=lane, outcome="transient", started_at=at(-50), finished_at=at(-49))
    accepted(batch=BatchFactory(lane=lane, started_at=at(0), finished_at=at(5)))

    assert [parts.storing for parts in waits.newest(ALL, most=2).parts] == [timedelta(seconds=1)]


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [1, 20])
def test_two_queries_however_many_events(rows: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    lane = LaneFactory()
    for _ in range(rows):
        accepted(lane=lane)

    with django_assert_num_queries(2):
        assert len(waits.newest(ALL).parts) == rows
