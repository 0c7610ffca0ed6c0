"""The page that shows what Meta reports of a dataset, beside this site's own figures and never mixed with them."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_capi.admin import deletions, empty, pixels, reported_states, wording
from django_capi.admin.chosen import is_pixel
from django_capi.admin.deduplication import DATASET_URL, Choice
from django_capi.admin.event_links import EventLinks
from django_capi.admin.pages import ReportPageMixin
from django_capi.admin.parameters import Parameter
from django_capi.admin.reported_rows import diagnostic_rows, information_rows, key_rows, reported_rows
from django_capi.conf import conf
from django_capi.models import DatasetQuality, Event, QualityPull
from django_capi.reports import freshness, overlap, sums, windows

DAYS: Final = 7  # Meta's own figures are averages of seven days
MOST_ROWS: Final = 100


def pixel_in(request: HttpRequest) -> str:
    """Return the pixel that the address chooses; the first one otherwise, and empty where there is none."""
    chosen = request.GET.get("pixel", "")
    return chosen if is_pixel(chosen) else next((pixel.pixel_id for pixel in conf.pixels().values()), "")


PIXEL: Final = Parameter(
    name="pixel",
    label=_("Pixel"),
    is_understood=is_pixel,
    shown=lambda request: pixels.name_of(pixel_in(request)) or wording.NOTHING,
)


class DatasetQualityAdminMixin(ReportPageMixin):
    """The page, for any admin site."""

    report_template = "admin/django_capi/reported.html"
    parameters = (PIXEL,)

    def report(self, request: HttpRequest, now: datetime, backlog: freshness.Backlog) -> dict[str, Any]:
        pixel_id = pixel_in(request)
        scope = sums.Scope(window=windows.last_days(DAYS, now), pixel_id=pixel_id)
        links = EventLinks(list_url=self.list_url(request, Event), scope=scope)
        pull = QualityPull.objects.filter(pixel_id=pixel_id).first()
        found = newest(pull)
        measured = overlap.measured(scope)
        has_key_figures = any(each.dedupe_keys or each.event_coverage is not None for each in found)
        return {
            "pixels": pixel_choices(pixel_id) if len(conf.pixels()) > 1 else [],
            "notice": empty.notice(),
            "failure": reported_states.failure(pull),
            "outdated": reported_states.outdated(pull, now=now),
            "empty": reported_states.empty_state(pull, has_figures=bool(found)),
            "is_young": bool(found) and not has_key_figures,
            "unknown_fields": pull.unknown_fields if pull and found else "",
            "deleted": deletions.sentence(scope.window) if found else "",
            "retrieved": wording.instant(pull.succeeded_at if pull else None),
            "rows": reported_rows(found, measured, links, now),
            "keys": key_rows(found, measured),
            "information": information_rows(found),
            "diagnostics": diagnostic_rows(found),
            "dataset_url": DATASET_URL.format(pixel_id) if pixel_id else "",
        }


def newest(pull: QualityPull | None) -> list[DatasetQuality]:
    """Return what Meta said on the last day on which it was asked with success."""
    if pull is None or pull.succeeded_at is None:
        return []
    day = pull.succeeded_at.astimezone(UTC).date()
    rows = DatasetQuality.objects.filter(pixel_id=pull.pixel_id, day=day)
    return list(rows.order_by("event_name")[:MOST_ROWS])


def pixel_choices(pixel_id: str) -> list[Choice]:
    return [
        Choice(label=name, query=f"?{urlencode({'pixel': pixel.pixel_id})}", is_current=pixel.pixel_id == pixel_id)
        for name, pixel in conf.pixels().items()
    ]


class DatasetQualityAdmin(DatasetQualityAdminMixin, admin.ModelAdmin):
    """The page in Django's own admin."""
