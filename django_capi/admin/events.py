"""The admin of events: the list, the page of one event with its two copies, and staff's test mode."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_capi.admin import (
    delays,
    detail,
    diagnostic_lines,
    empty_lists,
    event_notes,
    event_rows,
    filters,
    key_filters,
    links,
    near_misses,
    payload_page,
    pills,
    pixels,
    search,
    story,
    test_events,
    test_mode,
    wording,
)
from django_capi.admin.actions import EventActionsMixin
from django_capi.admin.cells import labelled
from django_capi.admin.empty import Empty
from django_capi.admin.pages import LedgerPagesMixin
from django_capi.conf import conf
from django_capi.ledger import tallies
from django_capi.models import Batch, ConversionMark, Event
from django_capi.reports.freshness import Backlog

# All that a list's address may ask for. Any other field could be guessed letter by letter.
FIELDS = ("status", "browser_state", "origin", "shared_id", "test_event_code", "error_reason", "currency", "batch__id")
CUSTOM = (
    filters.OutcomeFilter,
    delays.DelayFilter,
    filters.TimeFilter,
    filters.NameFilter,
    filters.PixelFilter,
    filters.ConsentFilter,
    key_filters.CarriesFilter,
    key_filters.LacksFilter,
    key_filters.WeakFilter,
    key_filters.LeftOutFilter,
    filters.PageFilter,
    filters.BrowserFamilyFilter,
)
LOOKUPS = {f"{field}__exact" for field in FIELDS} | {custom.parameter_name for custom in CUSTOM}
LOOKUPS |= set(filters.SpanFilter.parameters)
SHORT_KEYS = 2


class EventAdminMixin(EventActionsMixin, LedgerPagesMixin):
    """The ledger's pages, for any admin site."""

    list_display = ("happened", "named", "server", "browser", "object_called", "pixel", "delay", "keys")
    list_display_links = ("happened", "named")
    list_filter = (
        filters.OutcomeFilter,
        filters.SpanFilter,
        "status",
        "browser_state",
        delays.DelayFilter,
        filters.TimeFilter,
        filters.NameFilter,
        filters.PixelFilter,
        ("origin", filters.SourceFilter),
        filters.ConsentFilter,
        filters.PageFilter,
        filters.BrowserFamilyFilter,
        key_filters.CarriesFilter,
        key_filters.LacksFilter,
        key_filters.WeakFilter,
        key_filters.LeftOutFilter,
        "shared_id",
    )
    list_per_page = 50
    change_list = event_rows.EventChangeList
    ordering = ("-pk",)
    search_fields = ("event_id", "object_ref", "batch__fbtrace_id")
    search_help_text = _("The number of an order, an object such as shop.order:12, an event id, or an fbtrace_id")

    def when_empty(self) -> Empty:
        return empty_lists.of_events()

    @admin.display(description=_("time"))
    def happened(self, event: Event) -> str:
        return wording.instant(detail.happened_at(event))

    @admin.display(description=_("event name"))
    def named(self, event: Event) -> str:
        """The name; of a test event with a mark, as it is in no figure."""
        return format_html("{} {}", event.event_name, pills.test()) if event.test_event_code else event.event_name

    @admin.display(description=_("server"))
    def server(self, event: Event) -> SafeString:
        return labelled(_("server"), pills.server(event.status))

    @admin.display(description=_("browser"))
    def browser(self, event: Event) -> SafeString:
        return labelled(_("browser"), pills.browser(event.browser_state))

    @admin.display(description=_("object"))
    def object_called(self, event: Event) -> SafeString:
        return labelled(_("object"), event.object_ref or wording.NOTHING)

    @admin.display(description=_("pixel"))
    def pixel(self, event: Event) -> SafeString:
        return labelled(_("pixel"), pixels.name_of(event.pixel_id))

    @admin.display(description=_("keys sent"))
    def keys(self, event: Event) -> SafeString:
        carried = detail.carried(event)
        named = [key for key in carried if key in detail.STRONG_FIRST][:SHORT_KEYS]
        more = len(carried) - len(named)
        short = " ".join([*named, *([f"+{more}"] if more else [])])
        return labelled(_("keys sent"), short or wording.NOTHING)

    @admin.display(description=_("delay"))
    def delay(self, event: Event) -> SafeString:
        return labelled(_("delay"), wording.duration(detail.delay(event)))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in LOOKUPS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        number = request.GET.get(event_rows.REQUEST, "")
        batches = Batch.objects.filter(pk=number) if number.isascii() and number.isdigit() and len(number) < 19 else []
        return super().get_queryset(request).filter(search.of_requests(list(batches)) if batches else Q())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        term = search_term.strip()
        return (queryset.filter(search.events(term)) if term else queryset), False

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """By the time, where an index has the rows in this order."""
        return (*event_rows.order_of(request.GET), *self.ordering)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Where there are several pixels, their names take the place of the delay."""
        dropped = "delay" if len(conf.pixels()) > 1 else "pixel"
        return [name for name in self.list_display if name != dropped]

    def get_fieldsets(self, request: HttpRequest, obj: Event | None = None) -> list[Any]:
        return []  # the page prints the row itself, see detail.py

    def get_urls(self) -> list[URLPattern]:
        wrapped, sending = self.admin_site.admin_view, test_events.without_transaction
        return [
            path("test-mode/", wrapped(self.test_mode_view), name="django_capi_event_test_mode"),
            path("payload-helper/", sending(wrapped(self.payload_view)), name="django_capi_event_payload_helper"),
            path("test-events/", sending(wrapped(self.test_events_view)), name="django_capi_event_test_events"),
            path("test-events/rows/", wrapped(self.test_events_feed), name="django_capi_event_test_events_feed"),
            *super().get_urls(),
        ]

    def page_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}

    def test_mode_view(self, request: HttpRequest) -> HttpResponse:
        """Staff's own browser, and no other."""
        if not (self.has_view_permission(request) and self.has_test_permission(request)):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        return test_mode.page(request, self.page_context(request))

    def test_events_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        context = self.page_context(request)
        return test_events.page(request, self.admin_site, context, may_send=self.has_test_permission(request))

    def payload_view(self, request: HttpRequest) -> HttpResponse:
        if not (self.has_view_permission(request) and self.has_payload_permission(request)):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        context = self.page_context(request)
        return payload_page.page(request, self.admin_site, context, may_send=self.has_test_permission(request))

    def has_payload_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_capi.view_payload")

    def test_events_feed(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return test_events.feed(request, self.admin_site)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        allowed = {
            "capi_may_test": self.has_test_permission(request),
            "capi_may_see_payload": self.has_payload_permission(request),
        }
        return super().changelist_view(request, {**allowed, **(extra_context or {})})

    def detail_context(self, request: HttpRequest, obj: Event, backlog: Backlog) -> dict[str, Any]:
        site, now = self.admin_site, timezone.now()
        batch = Batch.objects.filter(pk=obj.batch_id).first() if obj.batch_id else None
        mark = ConversionMark.objects.of(obj.object_ref, obj.event_name).first() if obj.object_ref else None
        links_of = detail.Links(
            request=links.to_request(site, request, batch.pk if batch else None),
            object=links.to_object(site, request, obj.object_ref),
            conversion=links.to_conversion(site, request, mark.pk) if mark else "",
        )
        return {
            "capi_story": story.tell(
                obj, backlog=backlog, now=now, mark=mark, reached_meta=detail.has_reached_meta(batch)
            ),
            "capi_diagnostics": diagnostic_lines.of_this_event(obj),
            "capi_notes": list(event_notes.notes(obj, site, request)),
            "capi_facts": detail.facts(obj, mark, links_of),
            "capi_server": detail.server_copy(obj, batch, batch_url=links_of.request),
            "capi_near_misses": near_misses.rows(near_misses.of(obj), partial(links.to_event, site, request)),
            "capi_browser": detail.browser_copy(obj, mark),
            "capi_agreements": detail.agreements(obj),
            "capi_carried": detail.carried(obj),
            "capi_absent": detail.absent(obj),
            "capi_left_out": list(detail.left_out(obj)),
            "capi_may_see_payload": self.has_payload_permission(request),
            "capi_payload": detail.pretty(obj.payload),
            "capi_answer": detail.pretty(batch.answer_text) if batch else "",
            "capi_test_code": test_mode.code_for(request, obj.pixel_id),
            **self.buttons(request, obj),
        }

    def delete_model(self, request: HttpRequest, obj: Event) -> None:
        tallies.remove(Event.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        """Delete the rows. Their counts stay, as numbers are not personal data."""
        tallies.remove(Event.objects.filter(pk__in=list(queryset.values_list("pk", flat=True))))


class EventAdmin(EventAdminMixin, admin.ModelAdmin):
    """The ledger in Django's own admin."""
