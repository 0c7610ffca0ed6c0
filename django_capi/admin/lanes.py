"""The read-only admin of the delivery of each pixel, with "Resume now" for a pixel whose delivery is paused."""

from __future__ import annotations

from datetime import datetime

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_capi.admin import empty_lists, pills, pixels, stored, wording
from django_capi.admin.cells import labelled
from django_capi.admin.empty import Empty
from django_capi.admin.pages import LogPagesMixin
from django_capi.delivery import lanes
from django_capi.delivery.nudge import nudge
from django_capi.models import Lane
from django_capi.reports.freshness import LATE_AFTER


class LaneAdminMixin(LogPagesMixin):
    list_display = ("pixel", "state", "pause", "failures_in_a_row", "looked", "accepted")
    fields = ("pixel", "state", "pause", "failures", "max_batch", "looked", "accepted", "held_by", "held_until")
    readonly_fields = fields
    ordering = ("pixel_id", "shard")
    actions = ("resume_now",)

    def when_empty(self) -> Empty:
        return empty_lists.of_lanes()

    @admin.display(description=_("pixel"))
    def pixel(self, lane: Lane) -> str:
        title = pixels.titled(lane.pixel_id)
        return f"{title} · {lane.shard + 1}/{lane.shards}" if lane.shards > 1 else title

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lane]:
        """Leave out the lanes that were in use when SHARDS was higher."""
        found: QuerySet[Lane] = super().get_queryset(request)
        return found.filter(shard__lt=F("shards"))

    @admin.display(description=_("state"))
    def state(self, lane: Lane) -> SafeString:
        return labelled(_("state"), state_of(lane, timezone.now()))

    @admin.display(description=_("reason for pause"))
    def pause(self, lane: Lane) -> SafeString:
        if not lane.paused_until or lane.paused_until <= timezone.now():
            return labelled(_("reason for pause"), wording.NOTHING)
        why, until = stored.translated(lane.pause_reason), wording.instant(lane.paused_until)
        words = _("%(reason)s (next try %(time)s)") % {"reason": why, "time": until}
        return labelled(_("reason for pause"), words)

    @admin.display(description=_("failures in a row"), ordering="failures")
    def failures_in_a_row(self, lane: Lane) -> SafeString:
        return labelled(_("failures in a row"), wording.number(lane.failures))

    @admin.display(description=_("last delivery check"), ordering="seen_at")
    def looked(self, lane: Lane) -> SafeString:
        return labelled(_("last delivery check"), wording.instant(lane.seen_at))

    @admin.display(description=_("last accepted"), ordering="last_ok_at")
    def accepted(self, lane: Lane) -> SafeString:
        return labelled(_("last accepted"), wording.instant(lane.last_ok_at))

    @admin.display(description=_("worker"))
    def held_by(self, lane: Lane) -> str:
        return lane.owner or wording.NOTHING

    @admin.display(description=_("worker's lease until"))
    def held_until(self, lane: Lane) -> str:
        return wording.instant(lane.lease_until)

    def has_resume_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_capi.change_lane")

    @admin.action(description=_("Resume now"), permissions=["resume"])
    def resume_now(self, request: HttpRequest, queryset: QuerySet[Lane]) -> None:
        count = lanes.resume(list(queryset.values_list("pk", flat=True)))
        nudge()
        words = ngettext("Delivery resumes for %(count)d pixel.", "Delivery resumes for %(count)d pixels.", count)
        self.message_user(request, words % {"count": count}, messages.SUCCESS)

    def get_urls(self) -> list[URLPattern]:
        resume = self.admin_site.admin_view(self.resume_view)
        return [path("<str:pixel_id>/resume/", resume, name="django_capi_lane_resume"), *super().get_urls()]

    def resume_view(self, request: HttpRequest, pixel_id: str) -> HttpResponse:
        """The button in the banner; it leads back to the page that it was pressed on."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_resume_permission(request):
            raise PermissionDenied
        self.resume_now(request, Lane.objects.filter(pixel_id=pixel_id))
        return HttpResponseRedirect(self.page_before(request))

    def page_before(self, request: HttpRequest) -> str:
        before: str = request.META.get("HTTP_REFERER", "")
        if url_has_allowed_host_and_scheme(before, {request.get_host()}, require_https=request.is_secure()):
            return before
        return reverse(f"{self.admin_site.name}:django_capi_lane_changelist")


def state_of(lane: Lane, now: datetime) -> SafeString:
    """A pixel that no worker has checked for a while is not idle: its worker is gone."""
    if lane.paused_until and lane.paused_until > now:
        return pills.pill("fair", "‖", _("paused"))
    if lane.lease_until and lane.lease_until > now:
        return pills.pill("server", "▶", _("sending"))
    if lane.seen_at is None or now - lane.seen_at >= LATE_AFTER:
        return pills.pill("poor", "✕", _("no worker"))
    return pills.pill("quiet", "–", _("idle"))


class LaneAdmin(LaneAdminMixin, admin.ModelAdmin):
    """Whether a worker delivers for each pixel, and why it pauses."""
