"""The app's first page: every event name, and whether delivery works."""

# the signatures are Django's

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from django_capi.admin import (
    answers,
    criteria,
    deletions,
    diagnostic_lines,
    empty,
    event_names,
    figures,
    find,
    losses,
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
from django_capi.ledger.expiry import SHED_REASON
from django_capi.models import Batch, ConversionMark, DataFreshness, Deduplication, Event, Lane, Status
from django_capi.reports import diagnostics, evidence, freshness, health, overlap, sums, windows
from django_capi.reports.goals import share
from django_capi.reports.outcomes import Outcome

DAYS: Final = 7


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
        panel = diagnostic_lines.panel(self.admin_site, request, now, pixel_id=chosen.pixel_id)
        to_conversions = ConversionLinks(list_url=self.list_url(request, ConversionMark), scope=scope)
        return {
            "chosen": chosen,
            "pixels": pixel_choices(chosen),
            "notice": empty.notice(),
            "empty": empty.empty_state(measured.total, window=scope.window),
            "deleted": deletions.sentence(scope.window),
            "losses": losses.losses(measured.total, not_sent, links, to_conversions),
            "events": event_names.lines(measured, links, now, diagnostics=panel.get("by_name", {})),
            "tiles": tiles(measured, backlog, links, freshness_url=self.list_url(request, DataFreshness)),
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
            "diagnostics": panel,
            "may_resume": request.user.has_perms(("django_capi.view_lane", "django_capi.change_lane")),
        }


def tiles(
    measured: overlap.Overlap, backlog: freshness.Backlog, links: EventLinks, *, freshness_url: str
) -> list[figures.Tile]:
    """Whether it works, in a few figures: none before the first event."""
    total, ended = measured.total, health.ended(measured.states)
    if not total.events:
        return []
    return [
        *figures.revenue_tiles(measured, links),
        figures.coverage_tile(total),
        figures.Tile(
            tone="server",
            label=_("Accepted by Meta"),
            value=wording.percent(share(total.server, ended)),
            note=_("%(accepted)s of %(ended)s server events, without those that wait or were withdrawn")
            % {"accepted": wording.number(total.server), "ended": wording.number(ended)},
            url=links.to_server_copies() if total.server else "",
        ),
        figures.Tile(
            tone="plain",
            label=_("Data freshness"),
            value=str(criteria.FRESHNESS[measured.delays.freshness]),
            note=criteria.in_short(measured.delays),
            url=freshness_url,
        ),
        figures.Tile(
            tone="plain",
            label=_("Waiting"),
            value=wording.number(total.waiting),
            note=wording.pair(_("The oldest has waited"), wording.duration(backlog.waited)) if backlog.waited else "",
            url=links.to(outcome=Outcome.WAITING) if total.waiting else "",
        ),
    ]


def facts(measured: overlap.Overlap, backlog: freshness.Backlog, links: EventLinks) -> list[LinkedFact]:
    """How delivery fares, in numbers."""
    return [
        counted(_("Waiting in this window"), measured.total.waiting, links.to(outcome=Outcome.WAITING)),
        LinkedFact(label=_("Due to be sent"), value=due(backlog)),
        *put_off(backlog),
        LinkedFact(label=_("The oldest has waited"), value=wording.duration(backlog.waited)),
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
