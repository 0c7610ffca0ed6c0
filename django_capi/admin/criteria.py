"""Meta's published goals, each met or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from django_capi.admin import pills, wording
from django_capi.admin.delays import in_words
from django_capi.reports.delays import Delays, Freshness
from django_capi.reports.goals import COVERAGE_GOAL, DEDUPLICATION_GOAL, ENOUGH, REDUNDANCY_GOAL
from django_capi.reports.overlap import Overlap

FRESHNESS: Final = {
    Freshness.REAL_TIME: gettext_lazy("Real time"),
    Freshness.HOURLY: gettext_lazy("Hourly"),
    Freshness.DAILY: gettext_lazy("Daily"),
    Freshness.WEEKLY: gettext_lazy("Weekly"),
    Freshness.NONE: wording.NOTHING,
}
TIMELY: Final = (Freshness.REAL_TIME, Freshness.HOURLY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """One goal: what it is about, the value here, and whether that is enough."""

    name: Any
    meaning: Any
    value: str
    goal: str
    pill: SafeString


def criteria(measured: Overlap) -> list[Criterion]:
    total, redundant = measured.total, measured.redundant
    return [
        goal_of_share(
            gettext_lazy("Redundancy"),
            gettext_lazy("browser events whose event name reaches Meta from the server, too"),
            measured.redundancy,
            goal=REDUNDANCY_GOAL,
            counts=(total.browser, total.all_lost),
        ),
        goal_of_share(
            gettext_lazy("Deduplication"),
            gettext_lazy("of these, events with a server copy under the same event id"),
            measured.deduplication,
            goal=DEDUPLICATION_GOAL,
            counts=(redundant.browser, total.all_lost),
        ),
        goal_of_share(
            gettext_lazy("Event coverage"),
            gettext_lazy("browser events with a server copy under the same event id"),
            total.coverage,
            goal=COVERAGE_GOAL.good,
            counts=(total.browser, total.all_lost),
        ),
        freshness(measured.delays, lost=total.all_lost),
    ]


def goal_of_share(name: Any, meaning: Any, share: float | None, *, goal: float, counts: tuple[int, int]) -> Criterion:
    return Criterion(
        name=name,
        meaning=meaning,
        value=wording.percent(share),
        goal=_("at least %(share)s") % {"share": wording.percent(goal)},
        pill=judged(is_met=share is not None and share >= goal, n=counts[0], lost=counts[1]),
    )


def freshness(delays: Delays, *, lost: int) -> Criterion:
    return Criterion(
        name=gettext_lazy("Data freshness"),
        meaning=gettext_lazy("from the event to Meta's answer: half of the events, and 95 of 100"),
        value=_("%(grade)s (%(median)s, %(slowest)s)")
        % {"grade": FRESHNESS[delays.freshness], "median": within(delays, 0.5), "slowest": within(delays, 0.95)},
        goal=_("real time or hourly"),
        pill=judged(is_met=delays.freshness in TIMELY, n=delays.total, lost=lost),
    )


def in_short(delays: Delays) -> str:
    """How soon most of the events were accepted; empty without any."""
    if not delays.total:
        return ""
    return _("half %(median)s, 95 of 100 %(slowest)s") % {
        "median": within(delays, 0.5),
        "slowest": within(delays, 0.95),
    }


def within(delays: Delays, part: float) -> str:
    """The time within which this part of the events was accepted."""
    if not delays.total:
        return wording.NOTHING
    return in_words(delays.within(part))


def judged(*, is_met: bool, n: int, lost: int) -> SafeString:
    if n < ENOUGH:
        return pills.pill("quiet", "·", _("Too few to judge"))
    if is_met and lost:
        return pills.pill("fair", "▲", pgettext("goal", "Met, but events are lost"))
    return (
        pills.pill("good", "✓", pgettext("goal", "Met"))
        if is_met
        else pills.pill("poor", "✕", pgettext("goal", "Not met"))
    )
