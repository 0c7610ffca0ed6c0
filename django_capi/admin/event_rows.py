"""Which rows of the ledger the list of events reads: those that an index finds, or a bounded number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from django.contrib.admin import ListFilter
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from django_capi.admin import deletions, wording
from django_capi.admin.event_links import FAR_APART
from django_capi.admin.filters import OTHER, OUTCOME, STATUS, TIMES, NameFilter, WindowFilter, statuses_of
from django_capi.admin.paging import SEARCHED, BoundedChangeList
from django_capi.ledger.counting import newest_far_apart
from django_capi.ledger.tallies import HOUR
from django_capi.models import Event, Status
from django_capi.reports.windows import Window

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
    until: int | None = None  # nor were newer ones, which cannot be what is searched

    def get_filters(self, request: HttpRequest) -> tuple[list[ListFilter], bool, dict[str, Any], bool, bool]:
        found = super().get_filters(request)
        self.windows = [spec for spec in found[0] if isinstance(spec, WindowFilter)]
        if not (self.query or self.is_served(request)):
            self.since = self.start_of_search(request)
        for window in self.windows:
            window.searched_since = self.since
        return found

    def is_served(self, request: HttpRequest) -> bool:
        used = self.get_filters_params().keys() - set(TIMES)
        if not request.GET.get(TEST_CODE):
            used -= {TEST_CODE}  # nearly all events are none of a test
        return not used or REQUEST in used or used == {STATUS} or (used == {NAME} and is_named(request.GET))

    def start_of_search(self, request: HttpRequest) -> int | None:
        """Return since when few enough events are in the window; None if all are searched, or by their keys."""
        rows = self.root_queryset
        for window in self.windows:
            rows = window.queryset(request, rows)
        wanted = statuses_of(request.GET)
        if Status.ACCEPTED not in wanted:
            times = [time_of(rows.filter(status=status), MOST_OF_STATUS) for status in wanted]
            return max((at for at in times if at is not None), default=None)
        if not is_by_time(request.GET):
            return None
        named = rows.filter(event_name=request.GET[NAME]) if is_named(request.GET) else rows
        since = time_of(named, SEARCHED)
        if since is not None and request.GET.get(OUTCOME) == FAR_APART:
            self.until = newest_far_apart(timezone.now())
            since = time_of(named.filter(event_time__lte=self.until), SEARCHED)
        return since

    def bounded(self, request: HttpRequest, found: QuerySet[Event]) -> QuerySet[Event]:
        if Status.ACCEPTED not in statuses_of(request.GET):
            # Few events have these statuses, and another index is of no use: the order is by an expression.
            found = found.order_by((F("event_time") + 0).desc(), "-pk")
        elif not is_by_time(request.GET):
            return super().bounded(request, found)
        if self.until is not None:
            found = found.filter(event_time__lte=self.until)
        is_in_windows = any(since is not None for since, _until in (window.bounds for window in self.windows))
        return found if self.since is None or is_in_windows else found.filter(event_time__gte=self.since)

    @cached_property
    def deleted(self) -> str:
        """Which events of the chosen times have been deleted."""
        bounds = [window.bounds for window in self.windows]
        since = max((start for start, _end in bounds if start is not None), default=None)
        until = min((end for _start, end in bounds if end is not None), default=None)
        return "" if since is None else deletions.sentence(Window(since=since - since % HOUR, until=until))

    @property
    def searched_since(self) -> str:
        return "" if self.since is None else wording.instant(datetime.fromtimestamp(self.since, UTC))
