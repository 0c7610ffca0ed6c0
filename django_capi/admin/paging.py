"""A paginator and a list whose costs do not grow with the table."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

LIMIT = 5_000
SEARCHED = 10_000


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

    @property
    def is_bounded(self) -> bool:
        given = self.get_filters_params().keys()
        admin: Any = self.model_admin
        return bool(given - admin.indexed_parameters) and not given & admin.narrowing_parameters

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        found = super().get_queryset(request, exclude_parameters)
        if self.query or not self.is_bounded:
            return found
        newest = self.root_queryset.order_by("-pk").values_list("pk", flat=True).first() or 0
        return found.filter(pk__gt=newest - SEARCHED)
