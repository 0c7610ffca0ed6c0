"""Sums of the tallies, by event name and state or by time: a fixed number of queries for any window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import F, Max, Q, Sum

from django_capi.ledger.tallies import DAY, FIGURES, HOUR, STATES
from django_capi.models import BrowserState, Status, Tally
from django_capi.reports.outcomes import Outcome, outcome_of
from django_capi.reports.windows import Window


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """A window, and whether only one pixel or one event name of it counts."""

    window: Window
    pixel_id: str | None = None
    event_name: str | None = None

    def only(self) -> dict[str, str]:
        found = {"pixel_id": self.pixel_id, "event_name": self.event_name}
        return {name: value for name, value in found.items() if value is not None}

    def contains(self, *, pixel_id: str, event_name: str, event_time: int) -> bool:
        is_named = pixel_id == (self.pixel_id or pixel_id) and event_name == (self.event_name or event_name)
        return is_named and self.window.contains(event_time)


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """The events of one name in one state of both copies, and the figures counted of them."""

    event_name: str
    status: Status
    browser_state: BrowserState
    currency: str
    reason: str  # of a rejected or expired server copy
    figures: Mapping[str, int]
    value: Decimal

    @property
    def outcome(self) -> Outcome:
        return outcome_of(self.status, self.browser_state)

    @property
    def events(self) -> int:
        return self.figures["events"]


def states(scope: Scope) -> Iterator[State]:
    """Sum up the tallies of the scope."""
    rows = Tally.objects.filter(scope.window.tallies(), **scope.only()).order_by(*STATES)
    return map(state_from, rows.values(*STATES).annotate(**sums_of_figures()))


def sums_of_figures() -> dict[str, Sum]:
    return {f"{name}_sum": Sum(name) for name in FIGURES}


def state_from(row: Mapping[str, Any]) -> State:
    return State(
        event_name=row["event_name"],
        status=Status(row["status"]),
        browser_state=BrowserState(row["browser_state"]),
        currency=row["currency"],
        reason=row["reason"],
        figures={name: row[f"{name}_sum"] for name in FIGURES if name != "value"},
        value=Decimal(row["value_sum"]),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """What an hour or a day counts, as far as the window contains it."""

    start: int  # Unix seconds
    until: int
    browser: int = 0  # the pixel fired
    server: int = 0  # Meta accepted
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)


def moments(scope: Scope, step: int) -> list[Moment]:
    """Return what each hour or day of the scope counts, in order, without those that count nothing."""
    tallies = scope.window.hourly() if step == HOUR else scope.window.tallies()
    rows = Tally.objects.filter(tallies, **scope.only()).annotate(at=F("start") - F("start") % step).order_by()
    counts = rows.values_list("at", "status", "browser_state").annotate(events_sum=Sum("events"))
    found: dict[int, list[tuple[Status, BrowserState, int]]] = {}
    for at, status, browser_state, events in counts:
        found.setdefault(at, []).append((Status(status), BrowserState(browser_state), events))
    return [moment(at, step, found[at]) for at in sorted(found)]


def moment(at: int, step: int, counts: Iterable[tuple[Status, BrowserState, int]]) -> Moment:
    browser = server = 0
    outcomes: Counter[Outcome] = Counter()
    for status, browser_state, events in counts:
        browser += events if browser_state is BrowserState.FIRED else 0
        server += events if status is Status.ACCEPTED else 0
        outcomes[outcome_of(status, browser_state)] += events
    return Moment(start=at, until=at + step, browser=browser, server=server, outcomes=outcomes)


def days_by_name(scope: Scope) -> dict[str, list[Moment]]:
    """Return what each day of the scope counts, by event name, without the days that count nothing."""
    rows = Tally.objects.filter(scope.window.tallies(), **scope.only()).annotate(at=F("start") - F("start") % DAY)
    names = ("event_name", "at", "status", "browser_state")
    counts = rows.order_by("event_name", "at").values_list(*names).annotate(events_sum=Sum("events"))
    found: dict[tuple[str, int], list[tuple[Status, BrowserState, int]]] = {}
    for name, at, status, browser_state, events in counts:
        found.setdefault((name, at), []).append((Status(status), BrowserState(browser_state), events))
    by_name: dict[str, list[Moment]] = {}
    for (name, at), of_day in found.items():
        by_name.setdefault(name, []).append(moment(at, DAY, of_day))
    return by_name


def last_hours(scope: Scope) -> dict[str, int]:
    """Return when the last hour of the scope with events began, by event name. For a window of few hours."""
    return last_starts(scope, scope.window.hourly())


def last_days(scope: Scope) -> dict[str, int]:
    """Return when the last day of the scope with events began, by event name; at the ends of the window, the hour."""
    return last_starts(scope, scope.window.tallies())


def last_starts(scope: Scope, tallies: Q) -> dict[str, int]:
    rows = Tally.objects.filter(tallies, **scope.only()).order_by()
    return dict(rows.values_list("event_name").annotate(last=Max("start")))
