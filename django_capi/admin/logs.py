"""The read-only pages of lanes, requests to Meta and conversions, with "resume now" for a paused lane."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_capi.admin import filters, pills, wording
from django_capi.admin.pages import LedgerPagesMixin
from django_capi.delivery import lanes
from django_capi.meta.verdicts import Outcome
from django_capi.models import Batch, ConversionMark, ConversionState, Lane

OUTCOMES = {
    ConversionState.OPEN: ("quiet", "–"),
    ConversionState.INCOMPLETE: ("quiet", "…"),
    ConversionState.STORED: ("server", "✓"),
    ConversionState.NOT_SENT: ("fair", "▲"),
}


class LogPagesMixin(LedgerPagesMixin):
    """What nobody deletes by hand."""

    list_per_page = 50

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LaneAdminMixin(LogPagesMixin):
    list_display = ("pixel_id", "state", "pause", "failures", "max_batch", "looked", "accepted")
    fields = (
        "pixel_id", "shard", "paused_until", "pause_reason", "failures", "max_batch", "seen_at", "last_ok_at", "owner",
        "lease_until",
    )  # fmt: skip
    ordering = ("pixel_id", "shard")
    actions = ("resume_now",)

    @admin.display(description=_("state"))
    def state(self, lane: Lane) -> SafeString:
        now = timezone.now()
        if lane.paused_until and lane.paused_until > now:
            return pills.pill("fair", "‖", _("paused"))
        if lane.lease_until and lane.lease_until > now:
            return pills.pill("server", "▶", _("sending"))
        return pills.pill("quiet", "–", _("idle"))

    @admin.display(description=_("pause"))
    def pause(self, lane: Lane) -> str:
        if not lane.paused_until or lane.paused_until <= timezone.now():
            return wording.NOTHING
        until = _("until %(time)s") % {"time": wording.instant(lane.paused_until)}
        return f"{until}. {lane.pause_reason}"

    @admin.display(description=_("a worker looked"), ordering="seen_at")
    def looked(self, lane: Lane) -> str:
        return wording.instant(lane.seen_at)

    @admin.display(description=_("last accepted"), ordering="last_ok_at")
    def accepted(self, lane: Lane) -> str:
        return wording.instant(lane.last_ok_at)

    def has_resume_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_capi.change_lane")

    @admin.action(description=_("Resume now"), permissions=["resume"])
    def resume_now(self, request: HttpRequest, queryset: QuerySet[Lane]) -> None:
        count = lanes.resume(list(queryset.values_list("pk", flat=True)))
        words = ngettext("%(count)d lane resumes now.", "%(count)d lanes resume now.", count) % {"count": count}
        self.message_user(request, words, messages.SUCCESS)


class OutcomeFilter(SimpleListFilter):
    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(str(outcome), str(outcome)) for outcome in Outcome]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Batch]) -> QuerySet[Batch]:
        value = self.value()
        return queryset.filter(outcome=value) if value else queryset


class BatchAdminMixin(LogPagesMixin):
    list_display = ("sent", "answer", "events", "size", "took", "codes", "reason", "fbtrace_id", "lane")
    list_select_related = ("lane",)
    ordering = ("-pk",)
    list_filter = (OutcomeFilter,)
    search_fields = ("fbtrace_id",)
    search_help_text = _("A whole fbtrace_id")
    fields = (
        "lane", "started_at", "finished_at", "events", "size", "outcome", "http_status", "error_code", "error_subcode",
        "reason", "fbtrace_id", "fence",
    )  # fmt: skip

    @admin.display(description=_("sent"))
    def sent(self, batch: Batch) -> str:
        return wording.instant(batch.started_at)

    @admin.display(description=_("answer"))
    def answer(self, batch: Batch) -> SafeString:
        if batch.finished_at is None:
            return pills.pill("quiet", "…", _("open"))
        tone, mark = ("server", "✓") if batch.outcome == Outcome.ACCEPTED else ("fair", "▲")
        return pills.pill(tone, mark, batch.outcome)

    @admin.display(description=_("took"))
    def took(self, batch: Batch) -> str:
        if batch.finished_at is None:
            return wording.NOTHING
        return f"{(batch.finished_at - batch.started_at).total_seconds():.2f}\u00a0s"

    @admin.display(description=_("HTTP · code"))
    def codes(self, batch: Batch) -> str:
        codes = [str(code) for code in (batch.error_code, batch.error_subcode) if code is not None]
        return " · ".join(part for part in (str(batch.http_status or ""), " / ".join(codes)) if part) or wording.NOTHING

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Batch], search_term: str
    ) -> tuple[QuerySet[Batch], bool]:
        term = search_term.strip()
        return (queryset.filter(fbtrace_id=term) if term else queryset), False


class ConversionMarkAdminMixin(LogPagesMixin):
    list_display = ("object_ref", "event_name", "outcome", "reason", "happened", "shown")
    list_filter = (filters.StateFilter, filters.NotSentFilter, filters.NameFilter)
    fields = (
        "object_ref", "event_name", "state", "reason", "created_at", "happened_at", "check_at", "event_id", "pixel_ids",
        "shown_at",
    )  # fmt: skip
    ordering = ("-pk",)
    search_fields = ("object_ref",)
    search_help_text = _("A whole object, such as shop.order:12")

    @admin.display(description=_("outcome"))
    def outcome(self, mark: ConversionMark) -> SafeString:
        tone, sign = OUTCOMES[ConversionState(mark.state)]
        return pills.pill(tone, sign, mark.get_state_display())

    @admin.display(description=_("happened"), ordering="happened_at")
    def happened(self, mark: ConversionMark) -> str:
        return wording.instant(mark.happened_at)

    @admin.display(description=_("browser copy"), ordering="shown_at")
    def shown(self, mark: ConversionMark) -> str:
        return wording.instant(mark.shown_at)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (queryset.filter(object_ref=term) if term else queryset), False


class LaneAdmin(LaneAdminMixin, admin.ModelAdmin):
    """Who sends for which pixel, and whether Meta asked to wait."""


class BatchAdmin(BatchAdminMixin, admin.ModelAdmin):
    """Every request to Meta with its answer."""


class ConversionMarkAdmin(ConversionMarkAdminMixin, admin.ModelAdmin):
    """What each object is owed, has been stored as, or why it was not sent."""
