"""The page of the diagnostics: what is wrong with the events, since when, and what to do; with a mute for each."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_capi.admin import diagnostic_lines, empty, wording
from django_capi.admin.pages import ReportPageMixin
from django_capi.models import Diagnostic, Tally
from django_capi.reports import diagnostics, freshness
from django_capi.reports.diagnostics.open import by_severity
from django_capi.reports.goals import ENOUGH
from django_capi.reports.windows import last_days

EVERY: Final = timedelta(seconds=10)  # between two refreshes by this page, so that a repair shows soon
MUTE: Final = timedelta(days=7)
CLOSED_SINCE: Final = timedelta(days=7)
MOST_CLOSED: Final = 50
NAME: Final = "django_capi_diagnostic"


class DiagnosticAdminMixin(ReportPageMixin):
    """One page at the address of a list. Its rows cannot be opened, only muted."""

    report_template = "admin/django_capi/diagnostics.html"

    def has_mute_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_capi.change_diagnostic")

    def get_urls(self) -> list[URLPattern]:
        wrapped = self.admin_site.admin_view
        return [
            *super().get_urls(),
            path("<int:pk>/mute/", wrapped(self.mute_view), name=f"{NAME}_mute"),
            path("<int:pk>/unmute/", wrapped(self.unmute_view), name=f"{NAME}_unmute"),
        ]

    def refresh(self) -> datetime | None:
        diagnostics.refresh(every=EVERY)  # it also counts what has changed
        return diagnostics.refreshed_at()

    def report(self, request: HttpRequest, now: datetime, backlog: freshness.Backlog) -> dict[str, Any]:
        rows = by_severity(Diagnostic.objects.open())
        muted = [row for row in rows if row.muted_until and row.muted_until > now]
        closed = (
            Diagnostic.objects.closed()
            .filter(code__in=diagnostics.TABLE, closed_at__gte=now - CLOSED_SINCE)
            .order_by("-closed_at", "-pk")
        )
        return {
            "notice": empty.notice(),
            "open": self.lines(request, [row for row in rows if row not in muted]),
            "muted": self.lines(request, muted),
            "closed": self.lines(request, list(closed[:MOST_CLOSED])),
            "remark": remark(now),
            "may_mute": self.has_mute_permission(request),
        }

    def lines(self, request: HttpRequest, rows: list[Diagnostic]) -> list[diagnostic_lines.DiagnosticLine]:
        return diagnostic_lines.lines(rows, self.admin_site, request)

    def mute_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        until = timezone.now() + MUTE
        words = _("Muted until %(time)s.") % {"time": wording.instant(until)}
        return self.set_muted(request, pk, until=until, words=words)

    def unmute_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.set_muted(request, pk, until=None, words=_("No longer muted."))

    def set_muted(self, request: HttpRequest, pk: int, *, until: datetime | None, words: Any) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (self.has_view_permission(request) and self.has_mute_permission(request)):
            raise PermissionDenied
        row = get_object_or_404(Diagnostic.objects.open(), pk=pk)
        Diagnostic.objects.filter(pk=row.pk).update(muted_until=until)
        self.message_user(request, words, messages.SUCCESS)
        return HttpResponseRedirect(self.url_of("diagnostic"))


def remark(now: datetime) -> Any:
    """How much there was to judge, which an empty list alone would not say."""
    counted = Tally.objects.filter(last_days(1, now).hourly()).aggregate(events=Sum("events"))["events"]
    if not counted:
        return _("Nothing was counted in the last 24 hours, so that only delivery and the settings were examined.")
    if counted < ENOUGH:
        words = ngettext(
            "Only %(count)s event was counted in the last 24 hours: too few to judge shares.",
            "Only %(count)s events were counted in the last 24 hours: too few to judge shares.",
            counted,
        )
        return words % {"count": wording.number(counted)}
    return ""


class DiagnosticAdmin(DiagnosticAdminMixin, admin.ModelAdmin):
    """The page in Django's own admin."""
