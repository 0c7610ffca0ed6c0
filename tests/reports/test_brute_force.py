"""Each figure of the reports against a count in Python over random ledgers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_capi.ledger import tallies
from django_capi.ledger.tallies import DAY, HOUR
from django_capi.models import BrowserState, Count, Event, Status, Tally
from django_capi.reports import health
from django_capi.reports.goals import Grade
from django_capi.reports.outcomes import Outcome
from django_capi.reports.overlap import Counts, Overlap, measured
from django_capi.reports.sums import Scope, last_days, moments
from django_capi.reports.windows import Window
from tests.support.factories import PIXEL_ID, EventFactory

pytestmark = pytest.mark.django_db

OTHER_PIXEL = "9876543210987654"
MIDNIGHT = 1_790_035_200  # of a day of UTC
SPAN = 4 * DAY
DELAYS = (0, 1, 2, 10, 11, 60, 300, 301, HOUR, 2 * HOUR, DAY, DAY + 1)
VALUES = st.decimals(min_value=0, max_value=100_000, places=2)
MONEY = st.one_of(st.none(), st.tuples(VALUES, st.sampled_from(["EUR", "USD", "JPY"])))
KEYS = st.sampled_from(["", "aa", "bb"])


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a random row says."""

    event_name: str
    pixel_id: str
    at: int
    status: Status
    browser_state: BrowserState
    delay: int
    money: tuple[Decimal, str] | None
    reason: str
    keys: tuple[str, str, str, str]
    shared_id: bool
    is_test: bool

    @property
    def event_time(self) -> int:
        return MIDNIGHT + self.at

    def row(self) -> Event:
        value, currency = self.money or (None, None)
        browser_fbp, server_fbp, browser_external_id, server_external_id = self.keys
        finished_at = datetime.fromtimestamp(self.event_time, UTC) + timedelta(seconds=self.delay, milliseconds=400)
        event: Event = EventFactory.build(
            event_name=self.event_name,
            pixel_id=self.pixel_id,
            event_time=self.event_time,
            status=self.status,
            browser_state=self.browser_state,
            finished_at=None if self.status is Status.PENDING else finished_at,
            value=value,
            currency=currency,
            error_reason=self.reason,
            browser_fbp=browser_fbp,
            server_fbp=server_fbp,
            browser_external_id=browser_external_id,
            server_external_id=server_external_id,
            shared_id=self.shared_id,
            test_event_code="TEST1" if self.is_test else "",
        )
        return event

    @property
    def is_accepted(self) -> bool:
        return self.status is Status.ACCEPTED

    @property
    def is_fired(self) -> bool:
        return self.browser_state is BrowserState.FIRED

    @property
    def outcome(self) -> str:
        if self.status is Status.PENDING:
            return "waiting"
        return {(True, True): "met", (True, False): "server", (False, True): "browser", (False, False): "neither"}[
            self.is_accepted, self.is_fired
        ]


CASES = st.builds(
    Case,
    event_name=st.sampled_from(["Purchase", "PageView", "Lead"]),
    pixel_id=st.sampled_from([PIXEL_ID, OTHER_PIXEL]),
    at=st.integers(0, SPAN - 1),
    status=st.sampled_from(Status),
    browser_state=st.sampled_from(BrowserState),
    delay=st.sampled_from(DELAYS),
    money=MONEY,
    reason=st.sampled_from(["", "value: must be a number", "currency: unknown"]),
    keys=st.tuples(KEYS, KEYS, KEYS, KEYS),
    shared_id=st.booleans(),
    is_test=st.booleans(),
)
WINDOWS = st.tuples(st.integers(0, 96), st.one_of(st.none(), st.integers(0, 96)))
SCOPES = st.builds(
    lambda ends, pixel_id, event_name: Scope(
        window=Window(since=MIDNIGHT + ends[0] * HOUR, until=None if ends[1] is None else MIDNIGHT + ends[1] * HOUR),
        pixel_id=pixel_id,
        event_name=event_name,
    ),
    WINDOWS,
    st.sampled_from([None, PIXEL_ID]),
    st.sampled_from([None, "Purchase"]),
)
random_ledgers = given(cases=st.lists(CASES, max_size=25), scope=SCOPES)
some = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def counted(cases: list[Case], scope: Scope) -> tuple[Overlap, list[Case]]:
    """The report on a ledger of these rows, and the rows that it is about."""
    for model in (Event, Tally, Count):
        model.objects.all().delete()
    Event.objects.bulk_create([case.row() for case in cases])
    tallies.refresh()
    until = scope.window.until
    within = [
        case
        for case in cases
        if not case.is_test
        and case.event_time >= scope.window.since
        and (until is None or case.event_time < until)
        and case.pixel_id == (scope.pixel_id or case.pixel_id)
        and case.event_name == (scope.event_name or case.event_name)
    ]
    return measured(scope), within


@some
@random_ledgers
def test_the_counts_are_those_of_the_rows(cases: list[Case], scope: Scope) -> None:
    found, within = counted(cases, scope)

    def number(is_counted: Callable[[Case], bool]) -> int:
        return sum(map(is_counted, within))

    assert found.total == Counts(
        events=len(within),
        browser=number(lambda case: case.is_fired),
        server=number(lambda case: case.is_accepted),
        both=number(lambda case: case.is_accepted and case.is_fired),
        blocked=number(lambda case: case.is_accepted and case.browser_state is BrowserState.BLOCKED),
        stopped=number(lambda case: case.browser_state is BrowserState.BLOCKED),
        waiting=number(lambda case: case.status is Status.PENDING),
        fired_waiting=number(lambda case: case.status is Status.PENDING and case.is_fired),
        neither=number(lambda case: case.outcome == "neither"),
        withdrawn=number(lambda case: case.outcome == "neither" and case.status is Status.WITHDRAWN),
        in_doubt=number(lambda case: case.outcome == "neither" and case.status is Status.IN_DOUBT),
        shared_ids=number(lambda case: case.shared_id),
    )
    assert {name: counts.events for name, counts in found.names.items()} == Counter(case.event_name for case in within)


@some
@random_ledgers
def test_the_five_outcomes_add_up_to_all_events_and_to_all_money(cases: list[Case], scope: Scope) -> None:
    found, within = counted(cases, scope)

    outcomes = Counter(case.outcome for case in within)
    assert {outcome: found.total.of(outcome) for outcome in Outcome} == {each: outcomes[each] for each in Outcome}
    assert sum(found.total.of(outcome) for outcome in Outcome) == len(within)
    money = Counter[tuple[str, str, str]]()
    for case in within:
        if case.money:
            value, currency = case.money
            money[case.event_name, currency, case.outcome] += value  # type: ignore[assignment]  # of Decimals
    assert {
        (name, currency, outcome): value
        for name, currencies in found.money.items()
        for currency, values in currencies.items()
        for outcome, value in values.items()
        if value
    } == {place: value for place, value in money.items() if value}


@some
@random_ledgers
def test_the_keys_are_those_of_the_copies_that_were_sent(cases: list[Case], scope: Scope) -> None:
    found, within = counted(cases, scope)

    for number, key in enumerate(("fbp", "external_id")):
        share = next(each for each in found.keys if each.key == key)
        browser, server = 2 * number, 2 * number + 1
        fired = [case.keys for case in within if case.is_fired]
        accepted = [case.keys for case in within if case.is_accepted]
        both = [case.keys for case in within if case.is_fired and case.is_accepted]
        pairs = [keys for keys in both if keys[browser] and keys[server]]
        assert share.browser == sum(bool(keys[browser]) for keys in fired)
        assert share.server == sum(bool(keys[server]) for keys in accepted)
        assert share.equal == sum(keys[browser] == keys[server] for keys in pairs)
        assert share.equal + share.differ == len(pairs)
        could = (lambda keys: True) if key == "fbp" else (lambda keys: bool(keys[2] or keys[3]))
        assert (share.browser_of, share.server_of) == (sum(map(could, fired)), sum(map(could, accepted)))


@some
@random_ledgers
def test_the_delays_are_those_of_accepted_events(cases: list[Case], scope: Scope) -> None:
    found, within = counted(cases, scope)

    delays = sorted(case.delay for case in within if case.is_accepted)
    limits = [limit for limit in tallies.DELAYS.values() if limit is not None]
    assert found.delays.total == len(delays)
    for limit, reached in zip(limits, accumulated(found.delays.counts), strict=False):
        assert reached == sum(delay <= limit for delay in delays)


def accumulated(counts: tuple[int, ...]) -> list[int]:
    return [sum(counts[: place + 1]) for place in range(len(counts))]


@some
@random_ledgers
def test_rejected_and_expired_events_have_their_reasons_and_others_none(cases: list[Case], scope: Scope) -> None:
    found, within = counted(cases, scope)

    with_reason = (Status.REJECTED, Status.EXPIRED)
    expected = Counter((case.status, case.reason if case.status in with_reason else "") for case in within)
    reasons = Counter[tuple[Status, str]]()
    for state in found.states:
        reasons[state.status, state.reason] += state.events
    assert reasons == expected


@some
@given(cases=st.lists(CASES, max_size=25), scope=SCOPES, step=st.sampled_from([HOUR, DAY]))
def test_the_line_over_time_is_that_of_the_rows(cases: list[Case], scope: Scope, step: int) -> None:
    _, within = counted(cases, scope)

    found = moments(scope, step)

    expected = Counter((case.event_time - case.event_time % step, case.outcome) for case in within)
    assert {
        (moment.start, outcome): events for moment in found for outcome, events in moment.outcomes.items()
    } == expected
    assert sum(moment.browser for moment in found) == sum(case.is_fired for case in within)
    assert sum(moment.server for moment in found) == sum(case.is_accepted for case in within)


def playbook(*, browser: int, server: int, shared: int) -> Overlap:
    """A ledger with so many events of either channel, of which some share their event id."""
    at = {"event_time": MIDNIGHT}
    EventFactory.create_batch(shared, met=True, **at)
    EventFactory.create_batch(browser - shared, fired=True, rejected=True, **at)
    EventFactory.create_batch(server - shared, accepted=True, **at)
    tallies.refresh()
    return measured(Scope(window=Window(since=MIDNIGHT)))


@pytest.mark.parametrize(
    ("browser", "server", "shared", "overlap", "coverage"),
    [(80, 100, 80, 1.0, 1.0), (80, 100, 32, 0.4, 0.4), (100, 80, 60, 0.75, 0.6), (80, 100, 60, 0.75, 0.75)],
    ids=["80 shared", "32 shared", "fewer server events", "60 shared"],
)  # fmt: skip
def test_the_examples_of_the_playbook(browser: int, server: int, shared: int, overlap: float, coverage: float) -> None:
    total = playbook(browser=browser, server=server, shared=shared).total

    assert (total.browser, total.server) == (browser, server)
    assert (total.overlap, total.coverage) == (overlap, coverage)


def test_redundancy_is_of_browser_events_whose_name_has_both_channels() -> None:
    EventFactory.create_batch(20, fired=True, rejected=True, event_name="Lead", event_time=MIDNIGHT)

    found = playbook(browser=80, server=100, shared=32)

    assert (found.redundancy, found.deduplication) == (0.8, 0.4)
    assert found.total.overlap_grade is Grade.POOR


@some
@random_ledgers
def test_the_last_day_of_each_name(cases: list[Case], scope: Scope) -> None:
    _, within = counted(cases, scope)

    found = last_days(scope)

    latest = {name: max(case.event_time for case in within if case.event_name == name) for name in names_of(within)}
    assert {name: start - start % DAY for name, start in found.items()} == {
        name: at - at % DAY for name, at in latest.items()
    }


@some
@random_ledgers
def test_the_server_copies_that_were_sent_or_given_up(cases: list[Case], scope: Scope) -> None:
    report, within = counted(cases, scope)

    going_on = (Status.PENDING, Status.WITHDRAWN)
    assert health.ended(report.states) == sum(case.status not in going_on for case in within)


def names_of(cases: list[Case]) -> set[str]:
    return {case.event_name for case in cases}
