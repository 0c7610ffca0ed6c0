"""How soon Meta has an event, by Meta's four steps of freshness."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from django.db.models import QuerySet

from django_capi.clock import SecondsBucket
from django_capi.ledger.tallies import DELAYS
from django_capi.models import Event, Status
from django_capi.reports.goals import ENOUGH, Grade
from django_capi.reports.sums import State


class Freshness(StrEnum):
    """Meta's steps, and nothing to tell them from. Meta decides by its own average, which this site cannot see."""

    REAL_TIME = "real_time"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    NONE = "none"


STEPS: Final = {
    Freshness.REAL_TIME: timedelta(minutes=5),
    Freshness.HOURLY: timedelta(hours=1),
    Freshness.DAILY: timedelta(days=1),
}
GOOD: Final = timedelta(hours=1)  # Meta asks for real time or at most an hour
LATE: Final = timedelta(hours=2)  # later events count for much less
LIMITS: Final = tuple(timedelta(seconds=limit) if limit else None for limit in DELAYS.values())


def step_of(limit: timedelta | None) -> Freshness:
    """Return the step of an event that was accepted within this limit; None: over a day."""
    steps = (step for step, longest in STEPS.items() if limit is not None and limit <= longest)
    return next(steps, Freshness.WEEKLY)


# The delays that each step consists of.
OF_STEP: Final[Mapping[Freshness, tuple[str, ...]]] = {
    step: tuple(name for name, limit in zip(DELAYS, LIMITS, strict=True) if step_of(limit) is step)
    for step in (*STEPS, Freshness.WEEKLY)
}


def with_delays(rows: QuerySet[Event], names: Collection[str]) -> QuerySet[Event]:
    """Return the accepted events with one of these delays, as the tallies count them."""
    limits = [limit for limit in DELAYS.values() if limit is not None]
    places = [place for place, name in enumerate(DELAYS) if name in names]
    accepted = rows.filter(status=Status.ACCEPTED, finished_at__isnull=False)
    return accepted.alias(delay_place=SecondsBucket("finished_at", "event_time", limits)).filter(delay_place__in=places)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delays:
    """Accepted events by the time from the event to Meta's answer, in the order of DELAYS."""

    counts: tuple[int, ...] = (0,) * len(DELAYS)

    @classmethod
    def of(cls, states: Iterable[State]) -> Delays:
        found = list(states)
        return cls(counts=tuple(sum(state.figures[name] for state in found) for name in DELAYS))

    @property
    def total(self) -> int:
        return sum(self.counts)

    def within(self, part: float) -> timedelta | None:
        """Return the shortest limit within which this part of the events was accepted; None: none, or over a day."""
        needed, reached = part * self.total, 0
        for limit, count in zip(LIMITS, self.counts, strict=True):
            reached += count
            if self.total and reached >= needed:
                return limit
        return None

    def in_step(self, step: Freshness) -> int:
        """Return the events whose own delay is that of the step."""
        return sum(count for name, count in zip(DELAYS, self.counts, strict=True) if name in OF_STEP[step])

    @property
    def freshness(self) -> Freshness:
        """The step of the median."""
        return step_of(self.within(0.5)) if self.total else Freshness.NONE

    def grade(self, *, lost: int) -> Grade:
        """Judge by the slowest: the time within which 95 of 100 events were accepted."""
        if not self.total:
            return Grade.NONE
        if self.total < ENOUGH:
            return Grade.FEW
        slowest = self.within(0.95)
        if slowest is None or slowest > LATE:
            return Grade.POOR
        if slowest > GOOD:
            return Grade.FAIR
        return Grade.LOSING if lost else Grade.GOOD
