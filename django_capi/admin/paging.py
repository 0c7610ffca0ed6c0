"""A paginator and a list whose costs do not grow with the table."""

# ruff: noqa: ARG002  # subclasses read the request

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib.admin import ListFilter
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from django_capi.admin import filters

LIMIT = 3_000
SEARCHED = 3_000


class BoundedPaginator(Paginator):
    """Counts no further than LIMIT, so that no page scans a ledger of millions; filters reach the rest."""

    @cached_property
    def found(self) -> int:
        """How many there are, where more than LIMIT counts as LIMIT + 1."""
        return int(self.object_list.order_by()[: LIMIT + 1].count())  # type: ignore[attr-defined]  # the admin pages through query sets only

    @cached_property
    def count(self) -> int:
        return min(self.found, LIMIT)

    @property
    def is_cut(self) -> bool:
        return self.found > LIMIT


class BoundedChangeList(ChangeList):
    """Applies filters that no index serves to the newest rows only: what is rare would be sought in the whole table."""

    searched = SEARCHED
    is_bounded = False

    def get_filters(self, request: HttpRequest) -> tuple[list[ListFilter], bool, dict[str, Any], bool, bool]:
        found = super().get_filters(request)
        self.not_understood = list(filters.not_understood(found[0], request))
        return found

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        found = super().get_queryset(request, exclude_parameters)
        return found if self.query or self.is_served(request) else self.bounded(request, found)

    @cached_property
    def empty(self) -> Any:
        """What to say of a table without rows; nothing where a filter or a search hides them."""
        is_whole = not (self.query or self.get_filters_params())
        return self.model_admin.when_empty() if is_whole and not self.result_count else None  # type: ignore[attr-defined]  # of LedgerPagesMixin

    def is_served(self, request: HttpRequest) -> bool:
        """Whether an index finds the rows that the filters let through, in their order."""
        return not self.get_filters_params()

    def bounded(self, request: HttpRequest, found: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of the rows that are searched."""
        newest = self.root_queryset.order_by("-pk").values_list("pk", flat=True).first() or 0
        self.is_bounded = self.root_queryset.filter(pk__lte=newest - SEARCHED).exists()
        return found.filter(pk__gt=newest - SEARCHED)
