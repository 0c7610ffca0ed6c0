"""How far apart the two copies of an event reached Meta, among a bounded number of the newest events.

Meta measures by when it received each copy. Here it is the time between the browser's first receipt and Meta's answer
to the server copy, whichever came first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from django_capi.clock import MicrosecondsBetween
from django_capi.reports.newest import newest_since
from django_capi.reports.outcomes import Outcome, condition
from django_capi.reports.sums import Scope
from django_capi.reports.waits import percentile

MOST_EVENTS: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class PairGaps:
    """The gaps of the pairs among the newest events, in no order, and since when these are."""

    since: int  # Unix seconds
    is_cut: bool  # the window has more events
    gaps: Sequence[timedelta]

    def within(self, part: float) -> timedelta | None:
        """Return the shortest time within which this part of the pairs reached Meta; None without a pair."""
        return percentile(self.gaps, part)


def pair_gaps(scope: Scope) -> PairGaps:
    """Read with two queries of bounded cost. Of the newest events of the window, only those of the scope count."""
    since, is_cut = newest_since(scope.window, MOST_EVENTS)
    rows = replace(scope.window, since=since).events().filter(condition(Outcome.MET), test_event_code="")
    server_after = MicrosecondsBetween("browser_at", "finished_at")
    known = rows.filter(**scope.only(), browser_at__isnull=False, finished_at__isnull=False).order_by()
    found = known.annotate(server_after=server_after).values_list("server_after", flat=True)
    gaps = [timedelta(microseconds=abs(length)) for length in found]
    return PairGaps(since=since, is_cut=is_cut, gaps=gaps)
