"""How soon Meta has an event, by Meta's four steps of freshness."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from django_capi.ledger.tallies import DELAYS
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
LIMITS: Final = tuple(timedelta(seconds=limit) if limit else None for limit in DELAYS.values())


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

    @property
    def freshness(self) -> Freshness:
        """The step of the median."""
        if not self.total:
            return Freshness.NONE
        median = self.within(0.5)
        steps = (step for step, limit in STEPS.items() if median is not None and median <= limit)
        return next(steps, Freshness.WEEKLY)
