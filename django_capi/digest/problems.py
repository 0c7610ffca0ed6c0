"""The open problems that the digest names, each with one action."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from django_capi.doctor import Level, examine_without_network
from django_capi.reports import diagnostics
from django_capi.reports.goals import ENOUGH
from django_capi.reports.overlap import Overlap


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestProblem:
    """What is wrong, and what to do. Neither contains personal data or a token."""

    message: str
    advice: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Days:
    """The events of the day that the digest is about, of the day before it, and of the same day a week before."""

    day: Overlap
    day_before: Overlap
    week_before: Overlap

    def events(self, name: str) -> tuple[int, int, int]:
        """Return how many events of this name each of the days had."""
        first, second, third = (
            measured.names[name].events if name in measured.names else 0
            for measured in (self.day, self.day_before, self.week_before)
        )
        return first, second, third

    def names(self) -> list[str]:
        """Return the event names of all three days, the most frequent ones first."""
        found = {*self.day.names, *self.day_before.names, *self.week_before.names}
        return sorted(found, key=lambda name: (*(-events for events in self.events(name)), name))


def open_problems(days: Days) -> list[DigestProblem]:
    return [problem for source in SOURCES for problem in source(days)]


def missing_names(days: Days) -> Iterator[DigestProblem]:
    """Find event names that have stopped, besides those that a diagnostic names, or named until it was muted."""
    diagnosed = diagnostics.names_with("event_stopped")
    for name in days.names():
        events, day_before, week_before = days.events(name)
        if not events and min(day_before, week_before) >= ENOUGH and name not in diagnosed:
            yield DigestProblem(
                message=_("There was no %(event)s, after %(day)s the day before and %(week)s a week before.")
                % {"event": name, "day": day_before, "week": week_before},
                advice=_("Check that the page or the code that reports it still does."),
            )


def of_the_doctor(_days: Days) -> Iterator[DigestProblem]:
    """Return what `manage.py capi_doctor` finds without the network. Its findings are in English."""
    for finding in examine_without_network():
        if finding.level is not Level.OK:
            yield DigestProblem(message=finding.message, advice=finding.advice)


Source = Callable[[Days], Iterator[DigestProblem]]
SOURCES: Final[Sequence[Source]] = (missing_names, of_the_doctor)  # further sources of problems are added here
