"""A paginator whose cost does not grow with the list."""

from __future__ import annotations

from functools import cached_property

from django.core.paginator import Paginator

LIMIT = 5000


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
