"""The app's first page: every event name, and whether delivery works."""

# the signatures are Django's

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from django_capi.admin import (
    answers,
    charts,
    criteria,
    deletions,
    diagnostic_lines,
    empty,
    figures,
    find,
    losses,
    pills,
    pixels,
    stored,
    wording,
)
from django_capi.admin.chosen import PIXEL, chosen_in
from django_capi.admin.conversion_rows import ConversionLinks
from django_capi.admin.deduplication import pixel_choices
from django_capi.admin.event_links import EventLinks
from django_capi.admin.lanes import state_of
from django_capi.admin.logs import FIRST_REQUEST, OPEN, AnswerFilter
from django_capi.admin.pages import ReportPageMixin, due
from django_capi.admin.timeline import starts
from django_capi.ledger.expiry import SHED_REASON
from django_capi.ledger.tallies import DAY
from django_capi.models import Batch, ConversionMark, Deduplication, Event, Lane, Status
from django_capi.reports import diagnostics, evidence, freshness, health, overlap, sums, windows
from django_capi.reports.delays import Delays
from django_capi.reports.outcomes import Outcome

DAYS: Final = 7
MOST_ROWS: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class EventLine:
    """One event name: by which channels Meta has it, how often and how soon."""

    name: str
    url: str
    connection: SafeString
    browser: figures.CountLink
    server: figures.CountLink
    coverage: figures.Figure
    lost: figures.CountLink
    freshness: Any
    median: str
    slowest: str
    last: str
    sparkline: SafeString


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneLine:
    """One pixel's delivery."""

    lane: Lane
    pixel: str
    state: SafeString
    reason: str
    next_try: str
    looked: str
    accepted: str
    is_paused: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkedFact:
    label: str
    value: str
    url: str = ""


class OverviewAdminMixin(ReportPageMixin):
    """The page, for any admin site."""

    report_template = "admin/django_capi/overview.html"
    parameters = (PIXEL,)

    def get_urls(self) -> list[URLPattern]:
        find_view = self.admin_site.admin_view(self.find_view)
        return [*super().get_urls(), path("find/", find_view, name="django_capi_overview_find")]

    def refresh(self) -> datetime | None:
        counted_at = super().refresh()
        diagnostics.refresh()  # a worker that is gone does not
        return counted_at

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """Lead to the page of what was typed into the search of this page, or back to it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        term = request.GET.get("q", "").strip()[: find.LONGEST_TERM]
        address = find.address(self.admin_site, request, term) if term else ""
        if term and not address:
            self.message_user(request, self.without_result(request, term), messages.WARNING)
        return HttpResponseRedirect(address or self.url_of("overview"))

    def without_result(self, request: HttpRequest, term: str) -> str:
        if find.is_hidden(self.admin_site, request, term):
            return _("“%(term)s” was found, but your permissions do not let you see it.") % {"term": term}
        return _("Nothing was found for “%(term)s”.") % {"term": term}

    def report(self, request: HttpRequest, now: datetime, backlog: freshness.Backlog) -> dict[str, Any]:
        chosen = chosen_in(request)
        scope = sums.Scope(window=windows.last_days(DAYS, now), pixel_id=chosen.pixel_id)
        links = EventLinks(list_url=self.list_url(request, Event), scope=scope)
        not_sent = evidence.not_sent(scope)
        measured = overlap.measured(scope, lost_conversions=not_sent.lost_by_name)
        to_conversions = ConversionLinks(list_url=self.list_url(request, ConversionMark), scope=scope)
        return {
            "chosen": chosen,
            "pixels": pixel_choices(chosen),
            "notice": empty.notice(),
            "empty": empty.empty_state(measured.total, window=scope.window),
            "deleted": deletions.sentence(scope.window),
            "losses": losses.losses(measured.total, not_sent, links, to_conversions),
            "events": event_lines(measured, scope, links, now),
            "tiles": [*figures.revenue_tiles(measured, links)],
            "facts": facts(measured, backlog, links),
            "lanes": [
                lane_line(lane, now)
                for pixel_id, lane in health.lanes().items()
                if pixel_id == (chosen.pixel_id or pixel_id)
            ],
            "resume_url": self.url_of("lane"),
            "requests": requests(self.list_url(request, Batch)),
            "deduplication_url": self.list_url(request, Deduplication),
            "find_url": reverse(f"{self.admin_site.name}:django_capi_overview_find"),
            "diagnostics": diagnostic_lines.panel(self.admin_site, request, now, pixel_id=chosen.pixel_id),
            "may_resume": request.user.has_perms(("django_capi.view_lane", "django_capi.change_lane")),
        }


def event_lines(measured: overlap.Overlap, scope: sums.Scope, links: EventLinks, now: datetime) -> list[EventLine]:
    """The most frequent names first."""
    days = sums.days_by_name(scope)
    hours = sums.last_hours(replace(scope, window=windows.last_days(1, now)))
    delays = {name: Delays.of(states) for name, states in measured.states_by_name().items()}
    ordered = sorted(measured.names.items(), key=lambda item: (-item[1].events, item[0]))[:MOST_ROWS]
    return [
        EventLine(
            name=name,
            url=links.to(event_name=name),
            connection=connection(counts),
            browser=figures.link(counts.browser, links.to_browser_copies(name)),
            server=figures.link(counts.server, links.to_server_copies(name)),
            coverage=figures.coverage_figure(counts),
            lost=figures.link(counts.neither, links.to(event_name=name, outcome=Outcome.NEITHER)),
            freshness=criteria.FRESHNESS[delays[name].freshness],
            median=criteria.within(delays[name], 0.5),
            slowest=criteria.within(delays[name], 0.95),
            last=last_seen(days.get(name, []), hours.get(name)),
            sparkline=sparkline(days.get(name, []), scope.window, now),
        )
        for name, counts in ordered
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


def facts(measured: overlap.Overlap, backlog: freshness.Backlog, links: EventLinks) -> list[LinkedFact]:
    """How delivery fares, in numbers."""
    return [
        counted(_("Waiting in this window"), measured.total.waiting, links.to(outcome=Outcome.WAITING)),
        LinkedFact(label=_("Due to be sent"), value=due(backlog)),
        *put_off(backlog),
        LinkedFact(label=_("The oldest has waited"), value=wording.duration(backlog.waited)),
        LinkedFact(label=_("Data freshness"), value=str(criteria.FRESHNESS[measured.delays.freshness])),
        LinkedFact(label=_("Half of the events accepted"), value=criteria.within(measured.delays, 0.5)),
        LinkedFact(label=_("95 of 100 accepted"), value=criteria.within(measured.delays, 0.95)),
        counted(_("Expired"), health.expired(measured.states), links.to(status__exact=int(Status.EXPIRED))),
        counted(_("of these, shed"), health.shed(measured.states), links.to(error_reason__exact=SHED_REASON)),
    ]


def put_off(backlog: freshness.Backlog) -> list[LinkedFact]:
    if not backlog.put_off:
        return []
    count = wording.at_least(backlog.put_off) if backlog.is_cut else wording.number(backlog.put_off)
    label = _("Put off, the next until %(time)s") % {"time": wording.instant(backlog.next_try)}
    return [LinkedFact(label=label, value=count)]


def counted(label: str, count: int, url: str) -> LinkedFact:
    return LinkedFact(label=label, value=wording.number(count), url=url if count else "")


def requests(list_url: str) -> list[LinkedFact]:
    """The newest requests by their outcome."""
    first, counts = health.outcomes_of_requests()
    return [
        LinkedFact(
            label=str(answers.label(outcome)) if outcome else _("without an answer"),
            value=wording.number(count),
            url=requests_url(list_url, outcome, first),
        )
        for outcome, count in counts.most_common()
    ]


def requests_url(list_url: str, outcome: str, first: int) -> str:
    """The address of the requests with this outcome, from the first one on that is counted; empty without a list."""
    query = {AnswerFilter.parameter_name: outcome or OPEN, FIRST_REQUEST: first}
    return f"{list_url}?{urlencode(query)}" if list_url else ""


def lane_line(lane: Lane, now: datetime) -> LaneLine:
    is_paused = lane.paused_until is not None and lane.paused_until > now
    return LaneLine(
        lane=lane,
        pixel=pixels.titled(lane.pixel_id),
        state=state_of(lane, now),
        reason=stored.translated(lane.pause_reason) if is_paused else "",
        next_try=wording.instant(lane.paused_until) if is_paused else wording.NOTHING,
        looked=wording.instant(lane.seen_at),
        accepted=wording.instant(lane.last_ok_at),
        is_paused=is_paused,
    )


class OverviewAdmin(OverviewAdminMixin, admin.ModelAdmin):
    """The page in Django's own admin."""
