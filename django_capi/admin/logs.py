"""The read-only admin of requests to Meta and of conversions."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_capi.admin import (
    answers,
    conversion_rows,
    empty_lists,
    filters,
    links,
    pills,
    pixels,
    search,
    stored,
    wording,
)
from django_capi.admin.cells import labelled
from django_capi.admin.detail import pretty
from django_capi.admin.empty import Empty
from django_capi.admin.pages import LogPagesMixin, PageLink
from django_capi.meta.verdicts import RequestOutcome
from django_capi.models import Batch, ConversionMark, ConversionState, Event, NotSent
from django_capi.reports.freshness import Backlog
from django_capi.requests.agents import BY_SITE, LISTED

ANSWERS: Final = {
    RequestOutcome.ACCEPTED: ("server", "✓"),
    RequestOutcome.EVENT: ("fair", "▲"),
    RequestOutcome.LANE: ("poor", "✕"),
    RequestOutcome.THROTTLE: ("fair", "‖"),
    RequestOutcome.TRANSIENT: ("fair", "▲"),
    RequestOutcome.AMBIGUOUS: ("fair", "?"),
    RequestOutcome.TOO_LARGE: ("fair", "▲"),
}
OUTCOMES: Final = {
    ConversionState.OPEN: ("quiet", "–"),
    ConversionState.INCOMPLETE: ("quiet", "…"),
    ConversionState.STORED: ("server", "✓"),
    ConversionState.NOT_SENT: ("fair", "▲"),
}


OPEN: Final = "open"  # a request without an outcome
FIRST_REQUEST: Final = "from"


class AnswerFilter(filters.ChoiceFilter):
    title = _("answer")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [*((str(outcome), label) for outcome, label in answers.LABELS.items()), (OPEN, _("open"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Batch]) -> QuerySet[Batch]:
        value = self.value()
        if value == OPEN:
            return queryset.filter(outcome="")
        return queryset.filter(outcome=value) if value else queryset


class FirstRequestFilter(filters.LinkedFilter):
    """From one request on, by its key: those that a figure counts."""

    title = _("requests")
    parameter_name = FIRST_REQUEST

    def label_of(self, value: str) -> Any:
        return _("from request %(number)s on") % {"number": value}

    def condition(self, value: str) -> Q:
        return Q(pk__gte=filters.whole_number(value))


class BatchAdminMixin(LogPagesMixin):
    list_display = ("sent", "answer", "count", "took", "codes", "why", "pixel")
    ordering = ("-pk",)
    list_filter = (AnswerFilter, FirstRequestFilter)
    search_fields = ("fbtrace_id",)
    search_help_text = _("A whole fbtrace_id")
    fields = ("pixel", "sent", "answered", "took", "answer", "codes", "why", "trace", "count", "size")
    readonly_fields = (*fields, "test_event_code", "text")

    def when_empty(self) -> Empty:
        return empty_lists.of_requests()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        """With the lanes from a query of their own: MariaDB would sort all requests after a join."""
        found: QuerySet[Batch] = super().get_queryset(request)
        return found.prefetch_related("lane").defer("event_pks")

    def get_fields(self, request: HttpRequest, obj: Batch | None = None) -> tuple[str, ...]:
        """Of a test also its code and, for those who may see payloads, the text of the answer."""
        is_test = obj is not None and bool(obj.test_event_code)
        may_see = request.user.has_perm("django_capi.view_payload")
        return (*self.fields, *(("test_event_code",) if is_test else ()), *(("text",) if is_test and may_see else ()))

    @admin.display(description=_("sent"))
    def sent(self, batch: Batch) -> str:
        return wording.instant(batch.started_at)

    @admin.display(description=_("answered"))
    def answered(self, batch: Batch) -> str:
        return wording.instant(batch.finished_at)

    @admin.display(description=_("answer"))
    def answer(self, batch: Batch) -> SafeString:
        if batch.finished_at is None:
            return labelled(_("answer"), pills.pill("quiet", "…", _("open")))
        tone, mark = ANSWERS.get(batch.outcome, ("fair", "▲"))  # type: ignore[call-overload]  # the column holds the member's value
        return labelled(_("answer"), pills.pill(tone, mark, answers.label(batch.outcome)))

    @admin.display(description=_("events"))
    def count(self, batch: Batch) -> SafeString:
        return labelled(_("events"), wording.number(batch.events))

    @admin.display(description=_("duration"))
    def took(self, batch: Batch) -> SafeString:
        if batch.finished_at is None:
            return labelled(_("duration"), wording.NOTHING)
        return labelled(_("duration"), wording.seconds(batch.finished_at - batch.started_at))

    @admin.display(description=_("HTTP · code"))
    def codes(self, batch: Batch) -> SafeString:
        codes = " / ".join(str(code) for code in (batch.error_code, batch.error_subcode) if code is not None)
        known = " · ".join(part for part in (str(batch.http_status or ""), codes) if part)
        return labelled(_("HTTP · code"), known or wording.NOTHING)

    @admin.display(description=_("reason"))
    def why(self, batch: Batch) -> SafeString:
        return labelled(_("reason"), stored.translated(batch.reason) or wording.NOTHING)

    @admin.display(description=_("Meta's answer, as it came"))
    def text(self, batch: Batch) -> SafeString:
        return format_html('<pre class="capi-payload">{}</pre>', pretty(batch.answer_text) or wording.NOTHING)

    @admin.display(description="fbtrace_id")
    def trace(self, batch: Batch) -> SafeString:
        return labelled("fbtrace_id", batch.fbtrace_id or wording.NOTHING)

    @admin.display(description=_("pixel"))
    def pixel(self, batch: Batch) -> SafeString:
        return labelled(_("pixel"), pixels.name_of(batch.lane.pixel_id))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Batch], search_term: str
    ) -> tuple[QuerySet[Batch], bool]:
        term = search_term.strip()
        return (queryset.filter(fbtrace_id=term) if term else queryset), False

    def detail_context(self, request: HttpRequest, obj: Batch, backlog: Backlog) -> dict[str, Any]:
        events = links.to_events(self.admin_site, request, batch__id__exact=obj.pk)
        return {"capi_links": [PageLink(url=events, label=_("Events that this request settled"))] if events else []}


class ConversionMarkAdminMixin(LogPagesMixin):
    list_display = ("object_called", "named", "outcome", "why", "happened", "shown")
    change_list = conversion_rows.ConversionChangeList
    list_filter = (filters.StateFilter, filters.NotSentFilter, filters.HappenedFilter, filters.NameFilter)
    fields = (
        "object_ref", "reference", "event_name", "outcome", "why", "seen", "happened", "checked", "event_id",
        "pixel_names", "shown",
    )  # fmt: skip
    readonly_fields = fields
    ordering = ("-pk",)
    search_fields = ("object_ref",)
    search_help_text = _("The number of an order, an object such as shop.order:12, or an event id")

    def when_empty(self) -> Empty:
        return empty_lists.of_conversions()

    @admin.display(description=_("object"))
    def object_called(self, mark: ConversionMark) -> str:
        return f"{mark.reference} · {mark.object_ref}" if mark.reference else mark.object_ref

    @admin.display(description=_("event name"))
    def named(self, mark: ConversionMark) -> SafeString:
        return labelled(_("event name"), mark.event_name)

    @admin.display(description=_("outcome"))
    def outcome(self, mark: ConversionMark) -> SafeString:
        return labelled(_("outcome"), outcome_pill(mark))

    @admin.display(description=_("reason"))
    def why(self, mark: ConversionMark) -> SafeString:
        return labelled(_("reason"), why_not_sent(mark))

    @admin.display(description=_("first seen"))
    def seen(self, mark: ConversionMark) -> str:
        return wording.instant(mark.created_at)

    @admin.display(description=_("next check"))
    def checked(self, mark: ConversionMark) -> str:
        return wording.instant(mark.check_at)

    @admin.display(description=_("happened"), ordering="happened_at")
    def happened(self, mark: ConversionMark) -> SafeString:
        return labelled(_("happened"), wording.instant(mark.happened_at))

    @admin.display(description=_("browser copy rendered"), ordering="shown_at")
    def shown(self, mark: ConversionMark) -> SafeString:
        return labelled(_("browser copy rendered"), wording.instant(mark.shown_at))

    @admin.display(description=_("pixels"))
    def pixel_names(self, mark: ConversionMark) -> str:
        return wording.listed(map(pixels.titled, mark.pixel_ids.split())) or wording.NOTHING

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Those of a state by the index of the states: SQLite would seek them in the whole table by their keys."""
        is_of_state = request.GET.get(filters.StateFilter.parameter_name) in filters.StateFilter.states
        return ("-happened_at", *self.ordering) if is_of_state else self.ordering

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (queryset.filter(search.conversions_or_their_events(term)) if term else queryset), False

    def detail_context(self, request: HttpRequest, obj: ConversionMark, backlog: Backlog) -> dict[str, Any]:
        site = self.admin_site
        found = [PageLink(url=links.to_object(site, request, obj.object_ref), label=obj.object_ref)]
        rows = Event.objects.filter(event_id=obj.event_id, event_name=obj.event_name) if obj.event_id else ()
        for event in rows:
            label = _("Event for pixel %(pixel)s") % {"pixel": pixels.name_of(event.pixel_id)}
            found.append(PageLink(url=links.to_event(site, request, event.pk), label=label))
        return {"capi_links": [link for link in found if link.url]}


def outcome_pill(mark: ConversionMark) -> SafeString:
    tone, sign = OUTCOMES[ConversionState(mark.state)]
    return pills.pill(tone, sign, mark.get_state_display())


def why_not_sent(mark: ConversionMark) -> str:
    """The reason, with the crawler's name."""
    if mark.reason != NotSent.EXCLUDED or mark.excluded_as in ("", "?"):
        return mark.get_reason_display() or wording.NOTHING
    if mark.excluded_as == BY_SITE:
        return str(_('CAPI["EXCLUDE"] excluded the request'))
    if mark.excluded_as == LISTED:
        return str(_("it came from a crawler"))
    return str(_("it came from a crawler, %(name)s") % {"name": mark.excluded_as})


class BatchAdmin(BatchAdminMixin, admin.ModelAdmin):
    """Every request to Meta with its answer."""


class ConversionMarkAdmin(ConversionMarkAdminMixin, admin.ModelAdmin):
    """What each object is owed, has been stored as, or why it was not sent."""
