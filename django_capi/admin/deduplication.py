"""A window and a pixel come in by the address; the page that shows whether the two copies met goes out."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from django_capi.admin import figures, foreign, reasons, wording
from django_capi.admin.filters import WINDOWS
from django_capi.admin.pages import LedgerPagesMixin, banner
from django_capi.conf import conf
from django_capi.ledger import tallies
from django_capi.models import Event
from django_capi.reports import freshness, overlap

DEFAULT_DAYS = 7  # Meta's own figures are averages of seven days
DATASET_URL = "https://business.facebook.com/events_manager2/list/dataset/{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One of the links that choose a window or a pixel."""

    label: Any
    query: str
    is_current: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What the page looks at."""

    days: int
    pixel_id: str | None

    def query(self, **other: str) -> str:
        pixel = {"pixel": self.pixel_id} if self.pixel_id else {}
        return "?" + urlencode({"days": str(self.days), **pixel, **other})


def scope_of(request: HttpRequest) -> Scope:
    """What cannot be understood is the default."""
    days = request.GET.get("days", "")
    pixel_id = request.GET.get("pixel", "")
    known = {pixel.pixel_id for pixel in conf.pixels().values()}
    return Scope(
        days=int(days) if days in {str(number) for number in WINDOWS} else DEFAULT_DAYS,
        pixel_id=pixel_id if pixel_id in known else None,
    )


class DeduplicationAdminMixin(LedgerPagesMixin):
    """One page at the address of a list. It has no list, and no row can be opened through it."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.changelist_view)
        return [path("", view, name="django_capi_deduplication_changelist")]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = timezone.now()
        scope = scope_of(request)
        counted_at = tallies.refresh()  # a worker has just done so, where one runs
        measured = overlap.measure(pixel_id=scope.pixel_id, since=overlap.start_of(scope.days, now))
        context = {
            **self.admin_site.each_context(request),
            **banner(freshness.backlog(now=now)),
            "title": capfirst(self.opts.verbose_name),
            "opts": self.opts,
            "media": self.media,
            **self.page(scope, measured),
            "foreign_pixel": foreign.notice(
                request, days=scope.days, pixel_id=scope.pixel_id, site_name=self.admin_site.name
            ),
            "counted": wording.instant(counted_at) if counted_at else "",
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/django_capi/deduplication.html", context)

    def page(self, scope: Scope, measured: overlap.Overlap) -> dict[str, Any]:
        events_url = reverse(f"{self.admin_site.name}:django_capi_event_changelist")
        list_url = events_url + scope.query(test_event_code__exact="")
        first = Event.objects.order_by("pk").values_list("created_at", flat=True).first()
        pixels = conf.pixels()
        shown = scope.pixel_id or (next(iter(pixels.values())).pixel_id if len(pixels) == 1 else None)
        return {
            "windows": windows(scope),
            "pixels": pixel_choices(scope) if len(pixels) > 1 else [],
            "empty": reasons.empty_state(measured.total, is_configured=bool(pixels), is_new=first is None),
            "total": measured.total,
            "tiles": figures.tiles(measured.total),
            "meeting": figures.meeting(measured.total),
            "rows": figures.rows(measured, list_url),
            "keys": figures.keys(measured.keys),
            "reasons": reasons.reasons(measured.total, list_url),
            "since": wording.instant(first),
            "dataset_url": DATASET_URL.format(shown) if shown else "",
        }


def windows(scope: Scope) -> list[Choice]:
    return [
        Choice(
            label=label,
            query=Scope(days=days, pixel_id=scope.pixel_id).query(),
            is_current=days == scope.days,
        )
        for days, label in WINDOWS.items()
    ]


def pixel_choices(scope: Scope) -> list[Choice]:
    named = [(None, _("All pixels")), *((pixel.pixel_id, name) for name, pixel in conf.pixels().items())]
    return [
        Choice(
            label=label,
            query=Scope(days=scope.days, pixel_id=pixel_id).query(),
            is_current=pixel_id == scope.pixel_id,
        )
        for pixel_id, label in named
    ]


class DeduplicationAdmin(DeduplicationAdminMixin, admin.ModelAdmin):
    """The page in Django's own admin."""
