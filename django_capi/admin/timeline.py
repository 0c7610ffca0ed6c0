"""The lines over time, browser and server, with the table behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from django_capi.admin import charts, wording
from django_capi.admin.event_links import EventLinks
from django_capi.admin.figures import CountLink, link
from django_capi.ledger.tallies import HOUR
from django_capi.reports.outcomes import Outcome
from django_capi.reports.sums import Moment
from django_capi.reports.windows import Window


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineStep:
    """An hour or a day: its name, and its events by outcome."""

    name: str
    outcomes: tuple[CountLink, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    chart: SafeString
    steps: list[TimelineStep]
    top: str
    first: str
    last: str
    is_hourly: bool


def timeline(found: list[Moment], *, window: Window, step: int, now: datetime, links: EventLinks) -> Timeline:
    moments = {moment.start: moment for moment in found}
    shown = [moments.get(start, Moment(start=start, until=start + step)) for start in starts(window, step, now)]
    browser, server = [moment.browser for moment in shown], [moment.server for moment in shown]
    return Timeline(
        chart=charts.lines(
            [
                charts.ChartLine(tone="browser", label=_("Browser"), values=browser),
                charts.ChartLine(tone="server", label=_("Server"), values=server),
            ],
            label=_("Events that Meta has from the browser and from the server, over time"),
        ),
        steps=[step_of(moment, step, links) for moment in reversed(shown) if moment.outcomes],
        top=wording.number(max([*browser, *server], default=0)),
        first=name_of(shown[0].start, step) if shown else "",
        last=name_of(shown[-1].start, step) if shown else "",
        is_hourly=step == HOUR,
    )


def starts(window: Window, step: int, now: datetime) -> range:
    """Where each hour or day of the window begins, up to now."""
    end = int(now.timestamp()) + 1
    until = end if window.until is None else min(window.until, end)
    return range(window.since - window.since % step, max(until, window.since + 1), step)


def step_of(moment: Moment, step: int, links: EventLinks) -> TimelineStep:
    counts: Mapping[Outcome, int] = moment.outcomes
    return TimelineStep(
        name=name_of(moment.start, step),
        outcomes=tuple(
            link(counts.get(outcome, 0), links.to(since=moment.start, until=moment.until, outcome=outcome))
            for outcome in Outcome
        ),
    )


def name_of(start: int, step: int) -> str:
    """The hour by the current time zone; the day by UTC, as days are counted."""
    moment = datetime.fromtimestamp(start, UTC)
    return wording.minute(moment) if step == HOUR else wording.day(moment)
