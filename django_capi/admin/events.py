"""The ledger comes in; its list, the page of one event with both copies side by side, and "resend" go out."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_capi.admin import detail, filters, pills, story, test_mode, wording
from django_capi.admin.pages import LedgerPagesMixin
from django_capi.admin.paging import LIMIT
from django_capi.conf import conf
from django_capi.ledger import resend, tallies, withdrawal
from django_capi.models import RESENDABLE, Batch, ConversionMark, Event
from django_capi.reports.freshness import Backlog

# All that a list's address may ask for. Any other field could be guessed letter by letter.
FIELDS = ("status", "browser_state", "origin", "consent", "shared_id", "test_event_code", "error_reason")
CUSTOM = (filters.OutcomeFilter, filters.TimeFilter, filters.NameFilter, filters.PixelFilter)
TIMES = ("event_time__gte", "event_time__lt")
LOOKUPS = {*TIMES, *(f"{field}__exact" for field in FIELDS), *(custom.parameter_name for custom in CUSTOM)}
SHORT_KEYS = 2


class EventAdminMixin(LedgerPagesMixin):
    """The ledger's pages, for any admin site."""

    list_display = (
        "happened",
        "event_name",
        "server",
        "browser",
        "object_ref",
        "pixel_id",
        "delay",
        "attempts",
        "keys",
    )
    list_display_links = ("happened", "event_name")
    list_filter = (
        filters.OutcomeFilter,
        "status",
        "browser_state",
        filters.TimeFilter,
        filters.NameFilter,
        filters.PixelFilter,
        ("origin", filters.OriginFilter),
        "consent",
        "shared_id",
    )
    list_per_page = 50
    ordering = ("-pk",)
    search_fields = ("event_id", "object_ref", "batch__fbtrace_id")
    search_help_text = _("A whole event id, object, or fbtrace_id")
    actions = ("resend_selected",)

    @admin.display(description=_("time"))
    def happened(self, event: Event) -> str:
        return wording.instant(detail.happened_at(event))

    @admin.display(description=_("server"))
    def server(self, event: Event) -> SafeString:
        return pills.server(event.status)

    @admin.display(description=_("browser"))
    def browser(self, event: Event) -> SafeString:
        return pills.browser(event.browser_state)

    @admin.display(description=_("match keys"))
    def keys(self, event: Event) -> str:
        carried = detail.carried(event)
        more = len(carried) - SHORT_KEYS
        return " ".join(carried[:SHORT_KEYS]) + (f" +{more}" if more > 0 else "") or wording.NOTHING

    @admin.display(description=_("delay"))
    def delay(self, event: Event) -> str:
        return wording.duration(detail.delay(event))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in LOOKUPS

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """Whole values only: a search for a part of one would read the whole ledger."""
        term = search_term.strip()
        if not term:
            return queryset, False
        batches = list(Batch.objects.filter(fbtrace_id=term).values_list("pk", flat=True))
        if batches:
            return queryset.filter(batch_id__in=batches), False
        # An object's events are those of its marks: the ledger needs no index of its own for them.
        marks = ConversionMark.objects.filter(object_ref=term).exclude(event_id="")
        return queryset.filter(event_id__in=[term, *marks.values_list("event_id", flat=True)]), False

    def get_fieldsets(self, request: HttpRequest, obj: Event | None = None) -> list[Any]:
        return []  # the page prints the row itself, see detail.py

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_capi.resend_event")

    @admin.action(description=_("Resend selected events"), permissions=["resend"])
    def resend_selected(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        self.send_again(request, queryset[:LIMIT])

    def send_again(self, request: HttpRequest, chosen: QuerySet[Event]) -> None:
        events = list(chosen)
        count = resend.resend([event.pk for event in events])
        LogEntry.objects.log_actions(str(request.user.pk), events, CHANGE, str(_("Asked to resend it.")))
        words = ngettext("%(count)d event will be sent again.", "%(count)d events will be sent again.", count) % {
            "count": count
        }
        left = len(events) - count
        if left:
            words += " " + ngettext(
                "%(count)d was left alone: accepted by Meta, waiting, withdrawn, or too old to send.",
                "%(count)d were left alone: accepted by Meta, waiting, withdrawn, or too old to send.",
                left,
            ) % {"count": left}
        self.message_user(request, words, messages.SUCCESS if count else messages.WARNING)

    def get_urls(self) -> list[URLPattern]:
        wrapped = self.admin_site.admin_view
        return [
            path("test-mode/", wrapped(self.test_mode_view), name="django_capi_event_test_mode"),
            path("<path:object_id>/resend/", wrapped(self.resend_view), name="django_capi_event_resend"),
            *super().get_urls(),
        ]

    def test_mode_view(self, request: HttpRequest) -> HttpResponse:
        """Staff's own browser, and no other."""
        if not (self.has_view_permission(request) and self.has_resend_permission(request)):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        return test_mode.page(request, {**self.admin_site.each_context(request), "opts": self.opts})

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may_test = self.has_resend_permission(request)
        return super().changelist_view(request, {"capi_may_test": may_test, **(extra_context or {})})

    def resend_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The button on the page of one event."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        event = self.get_object(request, object_id)
        if event is None:
            raise Http404
        if not (self.has_view_permission(request, event) and self.has_resend_permission(request)):
            raise PermissionDenied
        self.send_again(request, Event.objects.filter(pk=event.pk))
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:django_capi_event_change", args=[event.pk]))

    def detail_context(self, request: HttpRequest, obj: Event, backlog: Backlog) -> dict[str, Any]:
        now = timezone.now()
        batch = Batch.objects.filter(pk=obj.batch_id).first() if obj.batch_id else None
        return {
            "capi_story": story.tell(obj, backlog=backlog, now=now),
            "capi_facts": detail.facts(obj),
            "capi_server": detail.server_copy(obj, batch, batch_url=self.batch_url(request, batch)),
            "capi_browser": detail.browser_copy(obj),
            "capi_agreements": detail.agreements(obj),
            "capi_carried": detail.carried(obj),
            "capi_absent": detail.absent(obj),
            "capi_left_out": list(detail.left_out(obj)),
            "capi_can_resend": self.has_resend_permission(request) and resendable(obj),
            "capi_may_see_payload": request.user.has_perm("django_capi.view_payload"),
            "capi_payload": detail.pretty(obj.payload),
        }

    def batch_url(self, request: HttpRequest, batch: Batch | None) -> str:
        if batch is None or not request.user.has_perm("django_capi.view_batch"):
            return ""
        return reverse(f"{self.admin_site.name}:django_capi_batch_change", args=[batch.pk])

    def delete_model(self, request: HttpRequest, obj: Event) -> None:
        tallies.remove(Event.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        """What the figures count of them stays: a number is nobody's personal data."""
        tallies.remove(Event.objects.filter(pk__in=list(queryset.values_list("pk", flat=True))))

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """A site with one pixel need not read its number in every row."""
        several = len(conf.pixels()) > 1
        return [name for name in self.list_display if several or name != "pixel_id"]


def resendable(event: Event) -> bool:
    is_kept = event.status in RESENDABLE and bool(event.payload) and event.deadline > timezone.now()
    return is_kept and not withdrawal.withdrawn_among([event.pk])


class EventAdmin(EventAdminMixin, admin.ModelAdmin):
    """The ledger in Django's own admin."""
