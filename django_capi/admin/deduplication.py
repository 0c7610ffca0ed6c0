"""The page that shows whether the two copies of each event met, what was lost, and why."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_capi.admin import (
    criteria,
    deletions,
    empty,
    figures,
    foreign,
    losses,
    pair_gaps,
    places,
    reasons,
    untracked,
    wording,
)
from django_capi.admin.chosen import PARAMETERS, Chosen, chosen_in
from django_capi.admin.conversion_rows import ConversionLinks
from django_capi.admin.event_links import EventLinks
from django_capi.admin.filters import NAMES, WINDOWS
from django_capi.admin.key_rows import key_rows
from django_capi.admin.pages import ReportPageMixin
from django_capi.admin.timeline import timeline
from django_capi.conf import conf
from django_capi.models import ConversionMark, Event
from django_capi.reports import evidence, freshness, overlap, sums
from django_capi.reports.deleted import first_hour
from django_capi.reports.pair_gaps import pair_gaps as read_pair_gaps
from django_capi.reports.places import places as count_places
from django_capi.reports.untracked import untracked as count_untracked

DATASET_URL: Final = "https://business.facebook.com/events_manager2/list/dataset/{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One of the links that choose a window or a pixel."""

    label: Any
    query: str
    is_current: bool


class DeduplicationAdminMixin(ReportPageMixin):
    """The page, for any admin site."""

    report_template = "admin/django_capi/deduplication.html"
    parameters = PARAMETERS

    def report(self, request: HttpRequest, now: datetime, backlog: freshness.Backlog) -> dict[str, Any]:
        chosen = chosen_in(request)
        scope = chosen.scope(now)
        links = EventLinks(list_url=self.list_url(request, Event), scope=scope)
        to_conversions = ConversionLinks(list_url=self.list_url(request, ConversionMark), scope=scope)
        not_sent = evidence.not_sent(scope)
        measured = overlap.measured(scope, lost_conversions=not_sent.lost_by_name)
        first = first_hour()
        return {
            **choices(chosen, measured),
            "notice": empty.notice(),
            "empty": empty.empty_state(measured.total, window=scope.window),
            "deleted": deletions.sentence(scope.window),
            "total": measured.total,
            "losses": losses.losses(measured.total, not_sent, links, to_conversions),
            "tiles": figures.tiles(measured, links),
            "meeting": figures.meeting(measured, links),
            "timeline": self.timeline(scope, now, links),
            "criteria": criteria.criteria(measured),
            "rows": figures.rows(measured, links),
            "pair_gaps": pair_gaps.panel(read_pair_gaps(scope), measured.states, links),
            "places": places.tables(count_places(scope), links, lost_conversions=measured.total.lost_conversions),
            "keys": key_rows(measured.keys),
            "reasons": [
                *reasons.lost_conversions(not_sent, to_conversions),
                *reasons.reasons(measured.states, links, evidence.unreported(scope)),
                *reasons.not_sent(not_sent, to_conversions),
            ],
            "untracked": untracked.table(count_untracked(scope)),
            "is_of_all_pixels": bool(chosen.pixel_id and not_sent.counts),
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
        "pixels": pixel_choices(chosen),
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
    """All pixels, and each of them; nothing where there is only one."""
    if len(conf.pixels()) < 2:
        return []
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
