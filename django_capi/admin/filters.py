"""The filters of the lists. Their choices are fixed, so that none costs a DISTINCT over the ledger."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib.admin import ChoicesFieldListFilter, ListFilter, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_capi.admin import outcomes, parameters, wording
from django_capi.admin.event_links import FAR_APART, LOST, VALUE_MISMATCH
from django_capi.conf import conf
from django_capi.consent import Consent
from django_capi.ledger.counting import is_far_apart
from django_capi.meta.events import PAGE_VIEW, STANDARD_EVENTS
from django_capi.models import BrowserFamily, ConversionMark, ConversionState, Event, NotSent, Status
from django_capi.reports import evidence, overlap
from django_capi.reports.outcomes import Outcome, condition, has_value_mismatch, statuses

NAMES = (PAGE_VIEW, *sorted(STANDARD_EVENTS - {PAGE_VIEW}))
OTHER = "*"  # no event name: Meta allows letters, digits and _
OUTCOME, STATUS = "outcome", "status__exact"
LOST_CONVERSIONS = "lost"  # whose reason is none of the customer's
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


class ChoiceFilter(SimpleListFilter):
    """A filter that takes one of its choices. The list says so where it does not apply any other value."""

    @property
    def given(self) -> str:
        return str(self.used_parameters.get(str(self.parameter_name)) or "")

    def value(self) -> str | None:
        return self.given if self.given in {choice for choice, _label in self.lookup_choices} else None

    @property
    def is_understood(self) -> bool:
        return not self.given or self.value() is not None


def not_understood(specs: Iterable[ListFilter], request: HttpRequest) -> Iterator[str]:
    """Yield a sentence for each filter of the address that the list does not apply."""
    for spec in specs:
        if isinstance(spec, ChoiceFilter) and not spec.is_understood:
            yield parameters.sentence(spec.title, _("All"))
    if ERROR_FLAG in request.GET:  # Django drops all filters if one raises
        yield str(_("A filter in the address was not understood, so none is applied."))


class WindowFilter(ListFilter):
    """Bounds the event time. A list that searches the newest of the window only says since when.

    Of two lower bounds SQLite scans from the one that comes first, so there is a single one.
    """

    column = "event_time"
    bounds: tuple[int | None, int | None]  # from which second on, and before which one
    searched_since: int | None = None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        since, until = self.bounds
        if since is not None:
            queryset = queryset.filter(**{f"{self.column}__gte": self.stored(max(since, self.searched_since or 0))})
        return queryset if until is None else queryset.filter(**{f"{self.column}__lt": self.stored(until)})

    def stored(self, at: int) -> Any:
        """Return the second as the column holds it."""
        return at


class TimeFilter(WindowFilter, ChoiceFilter):
    title = _("event time")
    parameter_name = "days"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        days = self.value()
        self.bounds = overlap.start_of(int(days), timezone.now()) if days else None, None

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


class HappenedFilter(SpanFilter):
    """The exact window of a link to conversions."""

    parameters = ("happened_at__gte", "happened_at__lt")
    column = "happened_at"

    def stored(self, at: int) -> datetime:
        return datetime.fromtimestamp(at, UTC)


TIMES = (TimeFilter.parameter_name, *SpanFilter.parameters)
LATEST = 253402300799  # the last second of the year 9999


def whole_number(value: str) -> int:
    """Return the number, which no parameter may exceed."""
    if not (value.isascii() and value.isdigit()) or int(value) > LATEST:
        raise IncorrectLookupParameters
    return int(value)


class OutcomeFilter(ChoiceFilter):
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
        return queryset.filter(condition(Outcome(value))) if value else queryset


class ConsentFilter(ChoiceFilter):
    """Only with consent is an event stored at all."""

    title = _("consent")
    parameter_name = "consent__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(str(int(consent)), consent.label) for consent in Consent if consent.is_given]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        return queryset.filter(consent=value) if value else queryset


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


class BrowserFamilyFilter(ChoiceFilter):
    title = _("browser family")
    parameter_name = "family"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(str(family.value), family.label) for family in BrowserFamily]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        return queryset.filter(browser_family=value) if value else queryset


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


class StateFilter(ChoiceFilter):
    title = _("outcome")
    parameter_name = "state"
    states = frozenset(map(str, ConversionState.values))

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [(str(state.value), state.label) for state in ConversionState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ConversionMark]) -> QuerySet[ConversionMark]:
        value = self.value()
        return queryset.filter(state=value) if value else queryset


class NotSentFilter(ChoiceFilter):
    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [*NotSent.choices, (LOST_CONVERSIONS, _("it was found too late, or belongs to no pixel"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ConversionMark]) -> QuerySet[ConversionMark]:
        value = self.value()
        if value == LOST_CONVERSIONS:
            return queryset.filter(reason__in=evidence.LOST)
        return queryset.filter(reason=value) if value else queryset
