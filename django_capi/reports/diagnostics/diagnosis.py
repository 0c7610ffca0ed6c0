"""The type of the table's rows: one diagnosis that this site can make, and when it is raised."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django_capi.reports.diagnostics.facts import Concern, Facts, Measure


class DiagnosticSeverity(StrEnum):
    """How much it matters: events are lost or soon will be, Meta gets worse data, or nothing needs to be done."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


class Unit(StrEnum):
    """What is counted."""

    EVENTS = "events"
    CONVERSIONS = "conversions"
    PAGES = "pages"
    SECONDS = "seconds"
    DAYS = "days"


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """One problem: how to find it, and what to say of it."""

    code: str
    severity: DiagnosticSeverity
    title: Any
    why: Any
    """One sentence: what it means."""
    action: Any
    """One sentence: what to do."""
    find: Callable[[Facts], Iterable[Measure]]
    concerns: Concern | None = None
    """Return True if the event has the problem; its page then names the diagnostic."""
    sample: int = 1
    """The fewest events of which it is raised."""
    share: float = 0.0
    """The part of them above which it is raised."""
    is_state: bool = False
    """It describes the present and not the last day: it is raised whatever was counted, and closes at once."""
    unit: Unit = Unit.EVENTS

    def is_raised(self, measure: Measure) -> bool:
        if self.is_state:
            return True
        has_enough = measure.total >= self.sample
        return has_enough and measure.affected > self.share * measure.total
