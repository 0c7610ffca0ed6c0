"""The table of At a glance: every event name, by which channels Meta has it, how often and how soon."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from django_capi.admin import charts, criteria, figures, pills, wording
from django_capi.admin.event_links import EventLinks
from django_capi.admin.timeline import starts
from django_capi.ledger.tallies import DAY
from django_capi.reports import overlap, sums, windows
from django_capi.reports.delays import Delays
from django_capi.reports.outcomes import Outcome

MOST_ROWS: Final = 100
QUIET_DAYS: Final = 30  # before the window: a name that had events then is shown without any, too


@dataclass(frozen=True, kw_only=True, slots=True)
class EventLine:
    """One event name: by which channels Meta has it, how often and how soon."""

    name: str
    url: str
    diagnostics: figures.CountLink | None  # open ones
    connection: SafeString
    browser: figures.CountLink
    server: figures.CountLink
    coverage: figures.Figure | None
    lost: figures.CountLink
    freshness: Any
    speed: str
    last: str
    sparkline: SafeString


def lines(
    measured: overlap.Overlap, links: EventLinks, now: datetime, *, diagnostics: Mapping[str, figures.CountLink]
) -> list[EventLine]:
    """The most frequent names first, then those that had events in the weeks before the window alone."""
    scope = links.scope
    days = sums.days_by_name(scope)
    hours = sums.last_hours(replace(scope, window=windows.last_days(1, now)))
    delays = {name: Delays.of(states) for name, states in measured.states_by_name().items()}
    ordered = sorted(measured.names.items(), key=lambda item: (-item[1].events, item[0]))
    found = [
        EventLine(
            name=name,
            url=links.to(event_name=name),
            diagnostics=diagnostics.get(name),
            connection=connection(counts),
            browser=figures.link(counts.browser, links.to_browser_copies(name)),
            server=figures.link(counts.server, links.to_server_copies(name)),
            coverage=figures.coverage_figure(counts),
            lost=figures.link(counts.neither, links.to(event_name=name, outcome=Outcome.NEITHER)),
            freshness=criteria.FRESHNESS[delays[name].freshness],
            speed=criteria.in_short(delays[name]),
            last=last_seen(days.get(name, []), hours.get(name)),
            sparkline=sparkline(days.get(name, []), scope.window, now),
        )
        for name, counts in ordered[:MOST_ROWS]
    ]
    return [*found, *quiet_lines(links, now, besides=measured.names, diagnostics=diagnostics)][:MOST_ROWS]


def quiet_lines(
    links: EventLinks, now: datetime, *, besides: Collection[str], diagnostics: Mapping[str, figures.CountLink]
) -> list[EventLine]:
    """The names that had events before the window and have none in it, the last one to stop first."""
    scope = links.scope
    since = scope.window.since - QUIET_DAYS * DAY
    before = replace(scope, window=windows.Window(since=since, until=scope.window.since))
    stopped = [(name, last) for name, last in sums.last_days(before).items() if name not in besides]
    none = figures.link(0, "")
    return [
        EventLine(
            name=name,
            url=replace(links, scope=before).to(event_name=name),
            diagnostics=diagnostics.get(name),
            connection=pills.pill("quiet", "–", _("No recent activity")),
            browser=none,
            server=none,
            coverage=None,
            lost=none,
            freshness=wording.NOTHING,
            speed="",
            last=wording.day(datetime.fromtimestamp(last, UTC)),
            sparkline=sparkline([], scope.window, now),
        )
        for name, last in sorted(stopped, key=lambda item: (-item[1], item[0]))
    ]


def connection(counts: overlap.Counts) -> SafeString:
    """By which channels Meta has the event."""
    if counts.browser and counts.server:
        return pills.pill("quiet", "⇄", _("Both"))
    if counts.server:
        return pills.pill("server", "↑", _("Server"))
    return (
        pills.pill("browser", "◉", _("Browser"))
        if counts.browser
        else pills.pill("poor", "✕", pgettext("connection", "None"))
    )


def last_seen(days: Sequence[sums.Moment], hour: int | None) -> str:
    """The hour of the last event if it is of today or yesterday, and its day otherwise: so finely it is counted."""
    if hour is not None:
        return _("after %(time)s") % {"time": wording.minute(datetime.fromtimestamp(hour, UTC))}
    return wording.day(datetime.fromtimestamp(days[-1].start, UTC)) if days else wording.NOTHING


def sparkline(days: Sequence[sums.Moment], window: windows.Window, now: datetime) -> SafeString:
    by_start = {day.start: day for day in days}
    shown = [by_start.get(start) for start in starts(window, DAY, now)]
    browser, server = ([getattr(day, name, 0) for day in shown] for name in ("browser", "server"))
    drawn = [
        charts.ChartLine(tone="browser", label=_("Browser"), values=browser),
        charts.ChartLine(tone="server", label=_("Server"), values=server),
    ]
    label = _("By day, browser: %(browser)s; server: %(server)s") % {
        "browser": wording.listed(map(wording.number, browser)),
        "server": wording.listed(map(wording.number, server)),
    }
    return charts.lines(drawn, label=label, height=charts.SPARK_HEIGHT)
