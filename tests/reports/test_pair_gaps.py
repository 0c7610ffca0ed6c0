"""The time between the two copies of an event, against a count in Python over random ledgers."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_capi.ledger import tallies
from django_capi.ledger.counting import is_far_apart
from django_capi.ledger.tallies import DAY, HOUR
from django_capi.models import BrowserState, Count, Event, Status, Tally
from django_capi.reports.overlap import measured
from django_capi.reports.pair_gaps import MOST_EVENTS, pair_gaps
from django_capi.reports.sums import Scope
from django_capi.reports.windows import Window
from tests.support.factories import PIXEL_ID, EventFactory

pytestmark = pytest.mark.django_db

MIDNIGHT = 1_790_035_200  # of a day of UTC
MOMENT = datetime.fromtimestamp(MIDNIGHT, UTC)
LIMIT = timedelta(hours=48)
TICK = timedelta(microseconds=1)
GAPS = (timedelta(0), timedelta(seconds=1.5), timedelta(hours=47), LIMIT - TICK, LIMIT, LIMIT + TICK, timedelta(days=5))


@dataclass(frozen=True, kw_only=True)
class PairCase:
    """What a random row says; `browser_first` says which copy the other one follows by the gap."""

    event_name: str
    pixel_id: str
    at: int
    status: Status
    browser_state: BrowserState
    gap: timedelta
    browser_first: bool
    is_test: bool

    def row(self) -> Event:
        first, second = MOMENT, MOMENT + self.gap
        browser_at, finished_at = (first, second) if self.browser_first else (second, first)
        event: Event = EventFactory.build(
            event_name=self.event_name,
            pixel_id=self.pixel_id,
            event_time=MIDNIGHT + self.at,
            status=self.status,
            browser_state=self.browser_state,
            browser_at=browser_at if self.browser_state else None,
            finished_at=None if self.status is Status.PENDING else finished_at,
            test_event_code="TEST1" if self.is_test else "",
        )
        return event

    @property
    def is_pair(self) -> bool:
        return self.status is Status.ACCEPTED and self.browser_state is BrowserState.FIRED


CASES = st.builds(
    PairCase,
    event_name=st.sampled_from(["Purchase", "Lead"]),
    pixel_id=st.sampled_from([PIXEL_ID, "9876543210987654"]),
    at=st.integers(0, 2 * DAY - 1),
    status=st.sampled_from([Status.ACCEPTED, *Status]),
    browser_state=st.sampled_from([BrowserState.FIRED, *BrowserState]),
    gap=st.sampled_from(GAPS),
    browser_first=st.booleans(),
    is_test=st.sampled_from([False, False, True]),
)
SCOPES = st.builds(
    lambda since, until, pixel_id, event_name: Scope(
        window=Window(since=MIDNIGHT + since * HOUR, until=None if until is None else MIDNIGHT + until * HOUR),
        pixel_id=pixel_id,
        event_name=event_name,
    ),
    st.integers(0, 24),
    st.one_of(st.none(), st.integers(24, 48)),
    st.sampled_from([None, PIXEL_ID]),
    st.sampled_from([None, "Purchase"]),
)


def within(cases: list[PairCase], scope: Scope) -> list[PairCase]:
    """The pairs that the scope is about."""
    return [
        case
        for case in cases
        if case.is_pair
        and not case.is_test
        and scope.contains(pixel_id=case.pixel_id, event_name=case.event_name, event_time=MIDNIGHT + case.at)
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases=st.lists(CASES, max_size=25), scope=SCOPES)
def test_the_gaps_are_those_of_the_pairs(cases: list[PairCase], scope: Scope) -> None:
    for model in (Event, Tally, Count):
        model.objects.all().delete()
    Event.objects.bulk_create([case.row() for case in cases])
    tallies.refresh()

    found = pair_gaps(scope)

    gaps = sorted(case.gap for case in within(cases, scope))
    assert sorted(found.gaps) == gaps
    for part in (0.5, 0.95):
        limit = found.within(part)
        assert (limit is None) is (not gaps)
        if limit is not None:
            assert sum(gap <= limit for gap in gaps) >= part * len(gaps) > sum(gap < limit for gap in gaps)
    listed = scope.window.events().filter(is_far_apart(), test_event_code="", **scope.only())
    far_apart = sum(gap > LIMIT for gap in gaps)
    assert listed.count() == far_apart
    assert sum(state.figures["far_apart"] for state in measured(scope).states) == far_apart


def test_only_the_newest_events_of_the_window_are_read() -> None:
    pair = EventFactory.build(met=True, event_time=MIDNIGHT)
    rows = [copy(pair) for _ in range(MOST_EVENTS + 1)]
    for number, row in enumerate(rows):
        row.event_id, row.event_time = f"pair-{number}", MIDNIGHT + min(number, MOST_EVENTS - 1)
    Event.objects.bulk_create(rows)

    found = pair_gaps(Scope(window=Window(since=MIDNIGHT)))

    assert (found.since, found.is_cut, len(found.gaps)) == (MIDNIGHT + 1, True, MOST_EVENTS)


def test_a_pair_without_the_time_of_a_copy_has_no_gap() -> None:
    EventFactory(met=True, event_time=MIDNIGHT, browser_at=None)
    EventFactory(met=True, event_time=MIDNIGHT, finished_at=None)

    assert list(pair_gaps(Scope(window=Window(since=MIDNIGHT))).gaps) == []
