"""Base classes of the admin's pages: read-only, bounded in cost, with a banner while nothing is being delivered."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst

from django_capi.admin import links, pixels, stored, wording
from django_capi.admin.empty import Empty
from django_capi.admin.paging import BoundedChangeList, BoundedPaginator
from django_capi.admin.parameters import Parameter, not_understood
from django_capi.ledger import tallies
from django_capi.reports import freshness

if TYPE_CHECKING:
    Base = admin.ModelAdmin
else:
    Base = object


@dataclass(frozen=True, kw_only=True, slots=True)
class PageLink:
    """A link above the fields of a page."""

    url: str
    label: Any


def banner(backlog: freshness.Backlog) -> dict[str, Any]:
    """What banner.html prints: only what needs a person."""
    return {
        "capi_waited": wording.duration(backlog.overdue) if backlog.is_late else "",
        "capi_due": due(backlog),
        "capi_pauses": [
            {
                "pixel_id": pause.pixel_id,
                "pixel": pixels.name_of(pause.pixel_id),
                "until": wording.instant(pause.until),
                "reason": stored.translated(pause.reason),
            }
            for pause in backlog.pauses
        ],
    }


def due(backlog: freshness.Backlog) -> str:
    return wording.at_least(backlog.due) if backlog.is_cut else wording.number(backlog.due)


class LedgerPagesMixin(Base):
    """Put it before any `ModelAdmin`: Django's own, or one that looks different."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_max_show_all = 0
    sortable_by = ()
    empty_value_display = wording.NOTHING
    change_list = BoundedChangeList

    class Media:
        css = {"all": ("django_capi/admin.css",), "print": ("django_capi/print.css",)}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def when_empty(self) -> Empty | None:
        """What a list without any rows says."""
        return None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoundedChangeList]:
        return self.change_list

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        backlog = freshness.backlog(now=timezone.now())
        return super().changelist_view(request, {**banner(backlog), **(extra_context or {})})

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002
        change: bool = False,  # noqa: FBT001, FBT002
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        backlog = freshness.backlog(now=timezone.now())
        context |= banner(backlog) | self.detail_context(request, obj, backlog)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def detail_context(self, request: HttpRequest, obj: Any, backlog: freshness.Backlog) -> dict[str, Any]:
        """What a detail page shows besides the fields."""
        return {}


class LogPagesMixin(LedgerPagesMixin):
    """For tables whose rows staff cannot delete."""

    list_per_page = 50

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReportPageMixin(LedgerPagesMixin):
    """One page at the address of a list. It has no list, and no row can be opened through it."""

    report_template = ""
    parameters: tuple[Parameter, ...] = ()  # of its address

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.changelist_view)
        return [path("", view, name=f"django_capi_{self.opts.model_name}_changelist")]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        counted_at = self.refresh()
        now = timezone.now()
        backlog = freshness.backlog(now=now)
        context = {
            **self.admin_site.each_context(request),
            **banner(backlog),
            "title": capfirst(self.opts.verbose_name_plural),
            "opts": self.opts,
            "media": self.media,
            "not_understood": not_understood(request, self.parameters),
            "counted": wording.instant(counted_at) if counted_at else "",
            **self.report(request, now, backlog),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.report_template, context)

    def refresh(self) -> datetime | None:
        """Count what has changed, and return when it was last counted. Where a worker runs, it has just done so."""
        return tallies.refresh()

    def report(self, request: HttpRequest, now: datetime, backlog: freshness.Backlog) -> dict[str, Any]:
        """Return what the template shows."""
        raise NotImplementedError

    def url_of(self, model: str) -> str:
        return reverse(f"{self.admin_site.name}:django_capi_{model}_changelist")

    def list_url(self, request: HttpRequest, model: type[Model]) -> str:
        return links.to_list(self.admin_site, request, model)
