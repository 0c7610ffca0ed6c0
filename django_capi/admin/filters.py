"""The filters of the lists. Their choices are fixed, so that none costs a DISTINCT over the ledger."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import ChoicesFieldListFilter, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_capi.conf import conf
from django_capi.meta.events import PAGE_VIEW, STANDARD_EVENTS
from django_capi.models import ConversionMark, ConversionState, Event, NotSent
from django_capi.reports import overlap
from django_capi.reports.outcomes import Outcome, condition

NAMES = (PAGE_VIEW, *sorted(STANDARD_EVENTS - {PAGE_VIEW}))
OTHER = "*"  # no event name: Meta allows letters, digits and _
WINDOWS = {1: _("24 hours"), 7: _("7 days"), 30: _("30 days")}


class TimeFilter(SimpleListFilter):
    title = _("event time")
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(str(days), label) for days, label in WINDOWS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        if value not in {str(days) for days in WINDOWS}:
            return queryset
        return queryset.filter(event_time__gte=overlap.start_of(int(value or 0), timezone.now()))


class OutcomeFilter(SimpleListFilter):
    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [
            (Outcome.MET, _("both copies")),
            (Outcome.SERVER, _("server only")),
            (Outcome.BROWSER, _("browser only")),
            (Outcome.NEITHER, _("neither copy")),
            (Outcome.WAITING, _("waiting")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        return queryset.filter(condition(Outcome(value))) if value in set(Outcome) else queryset


class OriginFilter(ChoicesFieldListFilter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("origin")


class PixelFilter(SimpleListFilter):
    title = _("pixel")
    parameter_name = "pixel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(pixel.pixel_id, f"{name} · {pixel.pixel_id}") for name, pixel in conf.pixels().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        return queryset.filter(pixel_id=value) if value else queryset


class NameFilter(SimpleListFilter):
    title = _("event name")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [*((name, name) for name in NAMES), (OTHER, _("other"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        if value == OTHER:
            return queryset.exclude(event_name__in=NAMES)
        return queryset.filter(event_name=value) if value else queryset


class StateFilter(SimpleListFilter):
    title = _("outcome")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(str(state.value), state.label) for state in ConversionState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ConversionMark]) -> QuerySet[ConversionMark]:
        value = self.value()
        return queryset.filter(state=value) if value in {str(state) for state in ConversionState.values} else queryset


class NotSentFilter(SimpleListFilter):
    title = _("why not sent")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return list(NotSent.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[ConversionMark]) -> QuerySet[ConversionMark]:
        value = self.value()
        return queryset.filter(reason=value) if value else queryset
