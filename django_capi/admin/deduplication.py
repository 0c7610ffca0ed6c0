"""The page that shows whether the two copies of each event met, what was lost, and why."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from django_capi.admin import criteria, deletions, empty, figures, foreign, places, reasons, wording
from django_capi.admin.event_links import LOST, EventLinks
from django_capi.admin.filters import NAMES, WINDOWS
from django_capi.admin.pages import ReportPageMixin
from django_capi.admin.timeline import timeline
from django_capi.conf import conf
from django_capi.reports import evidence, freshness, overlap, sums, windows
from django_capi.reports.deleted import first_hour
from django_capi.reports.places import places as count_places

DEFAULT_DAYS: Final = 7  # Meta's own figures are averages of seven days
LONGEST_NAME: Final = 50
EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2100, 1, 1)
DATASET_URL: Final = "https://business.facebook.com/events_manager2/list/dataset/{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One of the links that choose a window or a pixel."""

    label: Any
    query: str
    is_current: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """What the address chooses: a number of days or two dates, a pixel, an event name."""

    days: int
    dates: tuple[date, date] | None
    pixel_id: str | None
    event_name: str | None

    def query(self) -> str:
        window = (
            {"from": self.dates[0].isoformat(), "to": self.dates[1].isoformat()}
            if self.dates
            else {"days": str(self.days)}
        )
        chosen = {**window, "pixel": self.pixel_id, "event": self.event_name}
        return "?" + urlencode({name: value for name, value in chosen.items() if value})

    def scope(self, now: datetime) -> sums.Scope:
        window = windows.between(*self.dates) if self.dates else windows.last_days(self.days, now)
        return sums.Scope(window=window, pixel_id=self.pixel_id, event_name=self.event_name)


def chosen_in(request: HttpRequest) -> Chosen:
    """Return what the address chooses. What cannot be understood is the default."""
    days, pixel_id = request.GET.get("days", ""), request.GET.get("pixel", "")
    known = {pixel.pixel_id for pixel in conf.pixels().values()}
    return Chosen(
        days=int(days) if days in {str(number) for number in WINDOWS} else DEFAULT_DAYS,
        dates=dates_in(request),
        pixel_id=pixel_id if pixel_id in known else None,
        event_name=request.GET.get("event", "")[:LONGEST_NAME] or None,
    )


def dates_in(request: HttpRequest) -> tuple[date, date] | None:
    """Return the first and the last day; one alone is both."""
    found = [day for name in ("from", "to") if (day := day_from(request.GET.get(name, "")))]
    return (min(found), max(found)) if found else None


def day_from(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:  # a date that no calendar has
        return None
    return day if day and EARLIEST <= day <= LATEST else None


class DeduplicationAdminMixin(ReportPageMixin):
    """The page, for any admin site."""

    report_template = "admin/django_capi/deduplication.html"

    def report(self, request: HttpRequest, now: datetime, backlog: freshness.Backlog) -> dict[str, Any]:
        chosen = chosen_in(request)
        scope = chosen.scope(now)
        links = EventLinks(list_url=self.url_of("event"), scope=scope)
        measured = overlap.measured(scope)
        first = first_hour()
        return {
            **choices(chosen, measured),
            "notice": empty.notice(),
            "empty": empty.empty_state(measured.total, window=scope.window),
            "deleted": deletions.sentence(scope.window),
            "total": measured.total,
            "lost": figures.link(measured.total.lost, links.to(outcome=LOST)),
            "tiles": figures.tiles(measured, links),
            "meeting": figures.meeting(measured, links),
            "timeline": self.timeline(scope, now, links),
            "criteria": criteria.criteria(measured),
            "rows": figures.rows(measured, links),
            "places": places.tables(count_places(scope), links),
            "keys": figures.keys(measured.keys),
            "reasons": [
                *reasons.reasons(measured.states, links, evidence.unreported(scope)),
                *reasons.not_sent(evidence.not_sent(scope), self.url_of("conversionmark")),
            ],
            "since": wording.instant(None if first is None else datetime.fromtimestamp(first, UTC)),
            "dataset_url": dataset_url(chosen),
            "foreign_pixel": foreign.notice(
                request, days=chosen.days, pixel_id=chosen.pixel_id, site_name=self.admin_site.name
            ),
        }

    def timeline(self, scope: sums.Scope, now: datetime, links: EventLinks) -> Any:
        step = scope.window.step(now)
        return timeline(sums.moments(scope, step), window=scope.window, step=step, now=now, links=links)


def choices(chosen: Chosen, measured: overlap.Overlap) -> dict[str, Any]:
    names = dict.fromkeys([*NAMES, *measured.names, *([chosen.event_name] if chosen.event_name else [])])
    return {
        "chosen": chosen,
        "windows": window_choices(chosen),
        "pixels": pixel_choices(chosen) if len(conf.pixels()) > 1 else [],
        "event_names": list(names),
    }


def window_choices(chosen: Chosen) -> list[Choice]:
    return [
        Choice(
            label=label,
            query=replace(chosen, days=days, dates=None).query(),
            is_current=days == chosen.days and not chosen.dates,
        )
        for days, label in WINDOWS.items()
    ]


def pixel_choices(chosen: Chosen) -> list[Choice]:
    named = [(None, _("All pixels")), *((pixel.pixel_id, name) for name, pixel in conf.pixels().items())]
    return [
        Choice(
            label=label,
            query=replace(chosen, pixel_id=pixel_id).query(),
            is_current=pixel_id == chosen.pixel_id,
        )
        for pixel_id, label in named
    ]


def dataset_url(chosen: Chosen) -> str:
    """The dataset at Meta, where only one can be meant."""
    pixels = list(conf.pixels().values())
    pixel_id = chosen.pixel_id or (pixels[0].pixel_id if len(pixels) == 1 else None)
    return DATASET_URL.format(pixel_id) if pixel_id else ""


class DeduplicationAdmin(DeduplicationAdminMixin, admin.ModelAdmin):
    """The page in Django's own admin."""
