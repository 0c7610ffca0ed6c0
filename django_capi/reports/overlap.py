"""How many events of a window have both copies, one or none, in counts and in money.

It is the overlap of keys as this site sees it, and never a rate of Meta's: only Meta knows which copy it kept. Test
events are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from django_capi.models import BrowserState, Status
from django_capi.reports.delays import Delays
from django_capi.reports.goals import COVERAGE_GOAL, OVERLAP_GOAL, Grade, share
from django_capi.reports.keys import KeyShare, by_key
from django_capi.reports.outcomes import Outcome
from django_capi.reports.sums import Scope, State, states
from django_capi.reports.windows import Window, start_of

__all__ = ["REVENUE", "Counts", "Grade", "Money", "Overlap", "measure", "measured", "start_of"]

REVENUE: Final = "Purchase"  # the event whose value is revenue
Money = Mapping[str, Mapping[Outcome, Decimal]]  # by currency
NOTHING_LOST: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Events of a window. `browser`: the pixel fired; `server`: Meta accepted; `both`: one event, both copies."""

    events: int = 0
    browser: int = 0
    server: int = 0
    both: int = 0
    blocked: int = 0  # accepted, and the page reported that the pixel was blocked
    stopped: int = 0  # the pixel was blocked, whatever became of the server copy
    waiting: int = 0  # the server copy has not been sent yet
    fired_waiting: int = 0  # and the pixel fired
    neither: int = 0  # the server copy is final, and no copy is known to have reached Meta
    withdrawn: int = 0  # of these, by the visitor or by staff
    in_doubt: int = 0  # of these, because Meta's answer never came
    shared_ids: int = 0
    lost_conversions: int = 0  # that never became events, of any pixel

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in COUNT_NAMES})

    @property
    def smaller(self) -> int:
        return min(self.browser, self.server)

    @property
    def overlap(self) -> float | None:
        """Events with both copies, of the smaller channel."""
        return share(self.both, self.smaller)

    @property
    def coverage(self) -> float | None:
        """Browser events whose server copy Meta accepted under the same event id."""
        return share(self.both, self.browser)

    @property
    def server_only(self) -> int:
        return self.server - self.both

    @property
    def browser_only(self) -> int:
        return self.browser - self.both - self.fired_waiting

    @property
    def lost(self) -> int:
        """Events that Meta has by neither channel, and that were not withdrawn."""
        return self.neither - self.withdrawn

    @property
    def all_lost(self) -> int:
        """These, and conversions that never became events: while there are any, nothing is good."""
        return self.lost + self.lost_conversions

    def of(self, outcome: Outcome) -> int:
        """Return the events with this outcome; the five add up to all events."""
        return {
            Outcome.MET: self.both,
            Outcome.SERVER: self.server_only,
            Outcome.BROWSER: self.browser_only,
            Outcome.NEITHER: self.neither,
            Outcome.WAITING: self.waiting,
        }[outcome]

    @property
    def overlap_grade(self) -> Grade:
        return OVERLAP_GOAL.judge(self.overlap, n=self.smaller, lost=self.all_lost)

    @property
    def coverage_grade(self) -> Grade:
        return COVERAGE_GOAL.judge(self.coverage, n=self.browser, lost=self.all_lost)


COUNT_NAMES = tuple(field.name for field in fields(Counts))


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap:
    """The whole window: every event name on its own, all of them together, and the keys."""

    names: dict[str, Counts]
    total: Counts
    money: dict[str, Money]  # by event name
    delays: Delays
    keys: tuple[KeyShare, ...]
    states: tuple[State, ...]

    def states_by_name(self) -> dict[str, list[State]]:
        return grouped(self.states)

    @property
    def redundant(self) -> Counts:
        """The events of the names that reach Meta by both channels."""
        both = (counts for counts in self.names.values() if counts.browser and counts.server)
        return sum(both, Counts())

    @property
    def redundancy(self) -> float | None:
        """Browser events whose name reaches Meta by both channels, of all browser events."""
        return share(self.redundant.browser, self.total.browser)

    @property
    def deduplication(self) -> float | None:
        """Browser events of these names that share their event id with an accepted server event."""
        return share(self.redundant.both, self.redundant.browser)


def measure(
    *, pixel_id: str | None = None, since: int, until: int | None = None, event_name: str | None = None
) -> Overlap:
    """Sum up the tallies of a window, in Unix seconds, of one pixel or all, and of one event name or all."""
    return measured(Scope(window=Window(since=since, until=until), pixel_id=pixel_id, event_name=event_name))


def measured(scope: Scope, *, lost_conversions: Mapping[str, int] = NOTHING_LOST) -> Overlap:
    """Sum up the tallies of the scope, with one query. Conversions that became no events are given by event name."""
    found = tuple(states(scope))
    by_name = grouped(found)
    names = {
        name: sum(map(counts_of, rows), Counts(lost_conversions=lost_conversions.get(name, 0)))
        for name, rows in sorted(by_name.items())
    }
    total = replace(sum(names.values(), Counts()), lost_conversions=sum(lost_conversions.values()))
    return Overlap(
        names=names,
        total=total,
        money={name: money_of(rows) for name, rows in by_name.items()},
        delays=Delays.of(found),
        keys=by_key(found, lost=total.all_lost),
        states=found,
    )


def grouped(states: Iterable[State]) -> dict[str, list[State]]:
    by_name: dict[str, list[State]] = {}
    for state in states:
        by_name.setdefault(state.event_name, []).append(state)
    return by_name


def counts_of(state: State) -> Counts:
    """Return what events in this state add to the figures."""
    fired, blocked = state.browser_state is BrowserState.FIRED, state.browser_state is BrowserState.BLOCKED
    accepted, pending = state.status is Status.ACCEPTED, state.status is Status.PENDING
    neither = state.outcome is Outcome.NEITHER
    figures = {
        "browser": fired,
        "server": accepted,
        "both": fired and accepted,
        "blocked": blocked and accepted,
        "stopped": blocked,
        "waiting": pending,
        "fired_waiting": fired and pending,
        "neither": neither,
        "withdrawn": neither and state.status is Status.WITHDRAWN,
        "in_doubt": neither and state.status is Status.IN_DOUBT,
    }
    counts = {name: state.events for name, is_counted in figures.items() if is_counted}
    return Counts(events=state.events, shared_ids=state.figures["shared_ids"], **counts)


def money_of(states: Iterable[State]) -> Money:
    """Sum up the values of the events by currency and outcome. No currency is converted."""
    found: dict[str, dict[Outcome, Decimal]] = {}
    for state in states:
        if state.currency:
            outcomes = found.setdefault(state.currency, dict.fromkeys(Outcome, Decimal(0)))
            outcomes[state.outcome] += state.value
    return dict(sorted(found.items()))
