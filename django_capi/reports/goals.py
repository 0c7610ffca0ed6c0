"""What a share means, by the goals that Meta publishes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ENOUGH: Final = 20  # fewer than this say nothing about a share


class Grade(StrEnum):
    """What a share means: three grades, good but with events lost, too few events to say, or nothing to divide by."""

    GOOD = "good"
    LOSING = "losing"
    FAIR = "fair"
    POOR = "poor"
    FEW = "few"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """The share that is good, and the one below which it is poor."""

    good: float
    fair: float

    def judge(self, share: float | None, *, n: int, lost: int = 0) -> Grade:
        """Return the grade on a share of n events. None is good while events of the window are lost."""
        if share is None:
            return Grade.NONE
        if n < ENOUGH:
            return Grade.FEW
        if share >= self.good:
            return Grade.LOSING if lost else Grade.GOOD
        return Grade.FAIR if share >= self.fair else Grade.POOR


# Meta's playbook asks for an overlap of at least half and ideally all; Events Manager for a coverage of 75 %.
OVERLAP_GOAL: Final = Goal(good=0.90, fair=0.50)
COVERAGE_GOAL: Final = Goal(good=0.75, fair=0.50)
KEY_GOAL: Final = Goal(good=0.95, fair=0.50)
REDUNDANCY_GOAL: Final = 0.90
DEDUPLICATION_GOAL: Final = 0.50


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
