"""Which rows of the ledger the list of events reads: those that an index finds, or a bounded number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import F, QuerySet
from django.http import HttpRequest

from django_capi.admin import wording
from django_capi.admin.filters import OTHER, STATUS, TIMES, NameFilter, SpanFilter, TimeFilter, statuses_of
from django_capi.admin.paging import SEARCHED, BoundedChangeList
from django_capi.models import Event, Status

REQUEST: Final = "batch__id__exact"
NAME: Final = NameFilter.parameter_name
TEST_CODE: Final = "test_event_code__exact"
MOST_OF_STATUS: Final = 1_000  # events of a window that are searched


def is_by_time(given: Mapping[str, str]) -> bool:
    """Whether an index has the rows that these parameters ask for by event time: of a name, of a status, or of all."""
    return bool(given.get(STATUS)) or is_named(given) or any(given.get(name) for name in TIMES)


def is_named(given: Mapping[str, str]) -> bool:
    return given.get(NAME, OTHER) not in ("", OTHER)


def order_of(given: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns of the index that has the rows of these parameters by event time; nothing if none has them.

    MariaDB sorts all rows of a window unless the order is that of a whole index.
    """
    if not is_by_time(given):
        return ()
    is_of_one = given.get(STATUS) or is_named(given)
    return ("-event_time",) if is_of_one else ("-event_time", "-event_name")


def time_of(rows: QuerySet[Event], place: int) -> int | None:
    """Return the event time of the row at this place, from the newest; None if there are fewer."""
    return rows.order_by("-event_time").values_list("event_time", flat=True)[place : place + 1].first()


class EventChangeList(BoundedChangeList):
    """Lists all events of a window, a name, a status or a request. Other filters search the newest of a window."""

    since: int | None = None  # older events were not searched; Unix seconds

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Event]:
        """Bound the event time once: of two lower bounds, SQLite scans from the one that comes first."""
        return self.in_window(super().get_queryset(request, exclude_parameters), self.since)

    def in_window(self, rows: QuerySet[Event], searched_since: int | None = None) -> QuerySet[Event]:
        """Return those of the rows that are in the window of the filters, from a later time on if there is one."""
        bounds = [spec.bounds for spec in self.filter_specs if isinstance(spec, (TimeFilter, SpanFilter))]
        starts = [since for since, _until in bounds if since is not None]
        ends = [until for _since, until in bounds if until is not None]
        if searched_since is not None:
            starts.append(searched_since)
        if starts:
            rows = rows.filter(event_time__gte=max(starts))
        return rows.filter(event_time__lt=min(ends)) if ends else rows

    def is_served(self, request: HttpRequest) -> bool:
        used = self.get_filters_params().keys() - set(TIMES)
        if not request.GET.get(TEST_CODE):
            used -= {TEST_CODE}  # nearly all events are none of a test
        return not used or REQUEST in used or used == {STATUS} or (used == {NAME} and is_named(request.GET))

    def bounded(self, request: HttpRequest, found: QuerySet[Event]) -> QuerySet[Event]:
        wanted = statuses_of(request.GET)
        if Status.ACCEPTED not in wanted:
            return self.newest_with(wanted, found)
        if not is_by_time(request.GET):
            return super().bounded(request, found)
        rows = self.root_queryset
        name = request.GET.get(NAME, "")
        self.since = time_of(self.in_window(rows.filter(event_name=name) if is_named(request.GET) else rows), SEARCHED)
        return found

    def newest_with(self, wanted: Iterable[Status], found: QuerySet[Event]) -> QuerySet[Event]:
        """Of statuses that few events have. Another index is of no use, so the order is by an expression."""
        in_window = self.in_window(self.root_queryset)
        times = [time_of(in_window.filter(status=status), MOST_OF_STATUS) for status in wanted]
        self.since = max((at for at in times if at is not None), default=None)
        return found.order_by((F("event_time") + 0).desc(), "-pk")

    @property
    def searched_since(self) -> str:
        return "" if self.since is None else wording.instant(datetime.fromtimestamp(self.since, UTC))
