"""The filters of the lists. Their choices are fixed, so that none costs a DISTINCT over the ledger."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib.admin import ChoicesFieldListFilter, ListFilter, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_capi.admin import outcomes, wording
from django_capi.admin.event_links import FAR_APART, LOST, VALUE_MISMATCH
from django_capi.conf import conf
from django_capi.consent import Consent
from django_capi.meta.events import PAGE_VIEW, STANDARD_EVENTS
from django_capi.models import BrowserFamily, ConversionMark, ConversionState, Event, NotSent, Status
from django_capi.reports import overlap
from django_capi.reports.outcomes import Outcome, condition, has_value_mismatch, statuses
from django_capi.reports.pair_gaps import is_far_apart

NAMES = (PAGE_VIEW, *sorted(STANDARD_EVENTS - {PAGE_VIEW}))
OTHER = "*"  # no event name: Meta allows letters, digits and _
OUTCOME, STATUS = "outcome", "status__exact"
WINDOWS = {1: _("24 hours"), 7: _("7 days"), 30: _("30 days")}


def statuses_of(given: Mapping[str, str]) -> set[Status]:
    """The states of the server copy that these parameters ask for."""
    outcome, status = given.get(OUTCOME), given.get(STATUS)
    found = set(Status)
    if outcome == LOST:
        found = set(statuses(Outcome.NEITHER)) - {Status.WITHDRAWN}
    elif outcome in set(Outcome):
        found = set(statuses(Outcome(outcome)))
    return {each for each in found if status in (None, "", str(each.value))}


class WindowFilter(ListFilter):
    """Bounds the event time. A list that searches the newest of the window only says since when.

    Of two lower bounds SQLite scans from the one that comes first, so there is a single one.
    """

    bounds: tuple[int | None, int | None]  # from which second on, and before which one
    searched_since: int | None = None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        since, until = self.bounds
        if since is not None:
            queryset = queryset.filter(event_time__gte=max(since, self.searched_since or 0))
        return queryset if until is None else queryset.filter(event_time__lt=until)


class TimeFilter(WindowFilter, SimpleListFilter):
    title = _("event time")
    parameter_name = "days"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        value = self.value()
        is_given = value in {str(days) for days in WINDOWS}
        self.bounds = overlap.start_of(int(value or 0), timezone.now()) if is_given else None, None

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(str(days), label) for days, label in WINDOWS.items()]


class SpanFilter(WindowFilter):
    """The exact window of a link, in Unix seconds. It has choices only while it is in use."""

    title = _("exact time")
    parameters = ("event_time__gte", "event_time__lt")

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        since, until = (whole_number(params.pop(name)[-1]) if name in params else None for name in self.parameters)
        self.bounds = since, until

    def expected_parameters(self) -> list[str | None]:
        return list(self.parameters)

    def has_output(self) -> bool:
        return self.bounds != (None, None)

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        remove = list(self.parameters)
        yield {"selected": False, "query_string": changelist.get_query_string(remove=remove), "display": _("All")}
        yield {"selected": True, "query_string": changelist.get_query_string(), "display": self.span}

    @property
    def span(self) -> str:
        start, end = (wording.instant(None if at is None else datetime.fromtimestamp(at, UTC)) for at in self.bounds)
        return _("%(start)s to %(end)s") % {"start": start, "end": end}


TIMES = (TimeFilter.parameter_name, *SpanFilter.parameters)
LATEST = 253402300799  # the last second of the year 9999


def whole_number(value: str) -> int:
    """Return the number, which no parameter may exceed."""
    if not (value.isascii() and value.isdigit()) or int(value) > LATEST:
        raise IncorrectLookupParameters
    return int(value)


class OutcomeFilter(SimpleListFilter):
    title = _("outcome")
    parameter_name = OUTCOME

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        found: list[tuple[str, Any]] = [(str(outcome), label) for outcome, label in outcomes.LABELS.items()]
        return [
            *found,
            (LOST, _("Neither, and not withdrawn")),
            (VALUE_MISMATCH, _("Met, with different values")),
            (FAR_APART, _("Met, more than 48 hours apart")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        if value == LOST:
            return queryset.filter(condition(Outcome.NEITHER)).exclude(status=Status.WITHDRAWN)
        if value == VALUE_MISMATCH:
            return queryset.filter(has_value_mismatch())
        if value == FAR_APART:
            return queryset.filter(is_far_apart())
        return queryset.filter(condition(Outcome(value))) if value in set(Outcome) else queryset


class ConsentFilter(SimpleListFilter):
    """Only with consent is an event stored at all."""

    title = _("consent")
    parameter_name = "consent__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(str(int(consent)), consent.label) for consent in Consent if consent.is_given]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        return queryset.filter(consent=value) if value in {str(int(consent)) for consent in Consent} else queryset


class SourceFilter(ChoicesFieldListFilter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("source")


class PixelFilter(SimpleListFilter):
    title = _("pixel")
    parameter_name = "pixel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(pixel.pixel_id, name) for name, pixel in conf.pixels().items()]

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
        if value and Status.ACCEPTED not in statuses_of(request.GET):
            # The index of the statuses finds few rows, and that of the names very many: keep databases from that one.
            return queryset.alias(named=Concat("event_name", Value(""))).filter(named=value)
        return queryset.filter(event_name=value) if value else queryset


class BrowserFamilyFilter(SimpleListFilter):
    title = _("browser family")
    parameter_name = "family"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(str(family.value), family.label) for family in BrowserFamily]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        return queryset.filter(browser_family=value) if value in dict(self.lookup_choices) else queryset


class LinkedFilter(SimpleListFilter):
    """A filter that only links set, as its values are not one of a few. It has choices only while it is in use."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        value = self.value()
        return [] if value is None else [(value, self.label_of(value))]

    def label_of(self, value: str) -> Any:
        return value

    def condition(self, value: str) -> Q:
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        return queryset if value is None else queryset.filter(self.condition(value))


class PageFilter(LinkedFilter):
    title = _("page")
    parameter_name = "page"

    def label_of(self, value: str) -> Any:
        return value or _("not known")

    def condition(self, value: str) -> Q:
        return Q(page=value)


class StateFilter(SimpleListFilter):
    title = _("outcome")
    parameter_name = "state"
    states = frozenset(map(str, ConversionState.values))

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(str(state.value), state.label) for state in ConversionState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ConversionMark]) -> QuerySet[ConversionMark]:
        value = self.value()
        return queryset.filter(state=value) if value in self.states else queryset


class NotSentFilter(SimpleListFilter):
    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return list(NotSent.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[ConversionMark]) -> QuerySet[ConversionMark]:
        value = self.value()
        return queryset.filter(reason=value) if value else queryset
