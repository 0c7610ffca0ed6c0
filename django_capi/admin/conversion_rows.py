"""Which conversions their list reads, and the links from figures to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.admin import ListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from django_capi.admin.filters import HappenedFilter, StateFilter
from django_capi.admin.paging import SEARCHED, BoundedChangeList
from django_capi.models import ConversionState
from django_capi.reports.sums import Scope

STATE: Final = StateFilter.parameter_name
TIMED: Final = {str(int(state)) for state in (ConversionState.STORED, ConversionState.NOT_SENT)}  # all have a time


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversionLinks:
    """Addresses in the list of conversions that were not sent, all within one scope. They belong to no pixel."""

    list_url: str  # empty for those who may not view it
    scope: Scope

    def to(self, *, reason: str, event_name: str | None = None) -> str:
        """Return the address of the conversions with this value of the filter by reason; empty without a list."""
        if not self.list_url:
            return ""
        since, until = HappenedFilter.parameters
        filters = {
            STATE: int(ConversionState.NOT_SENT),
            "reason": reason,
            "event": event_name or self.scope.event_name,
            since: self.scope.window.since,
            until: self.scope.window.until,
        }
        return f"{self.list_url}?{urlencode({name: value for name, value in filters.items() if value is not None})}"


class ConversionChangeList(BoundedChangeList):
    """Lists all conversions of a state, or of a window of one. Other filters search the newest of them."""

    def get_filters(self, request: HttpRequest) -> tuple[list[ListFilter], bool, dict[str, Any], bool, bool]:
        found = super().get_filters(request)
        self.windows = [spec for spec in found[0] if isinstance(spec, HappenedFilter)]
        self.since = None if self.query or self.is_served(request) else self.start_of_search(request)
        for window in self.windows:
            window.searched_since = self.since
        return found

    def is_served(self, request: HttpRequest) -> bool:
        used = self.get_filters_params().keys()
        indexed = {STATE, *HappenedFilter.parameters} if request.GET.get(STATE) in TIMED else {STATE}
        return used <= indexed

    def start_of_search(self, request: HttpRequest) -> int | None:
        """Return since when few enough conversions of the state are in the window; None if all are searched."""
        if request.GET.get(STATE) not in TIMED:
            return None
        rows = self.root_queryset.filter(state=request.GET[STATE])
        for window in self.windows:
            rows = window.queryset(request, rows)
        times = rows.order_by("-happened_at").values_list("happened_at", flat=True)
        edge = times[SEARCHED : SEARCHED + 1].first()
        return int(edge.timestamp()) if edge else None

    def bounded(self, request: HttpRequest, found: QuerySet[Any]) -> QuerySet[Any]:
        if request.GET.get(STATE) not in TIMED:
            return super().bounded(request, found)
        if self.since is None:
            return found
        self.is_bounded = True
        is_in_window = any(window.bounds[0] is not None for window in self.windows)
        return found if is_in_window else found.filter(happened_at__gte=datetime.fromtimestamp(self.since, UTC))
