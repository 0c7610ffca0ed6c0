"""Change or delete many rows in small steps, so that a checkout never waits long for a lock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final, TypeVar

from django.db.models import Max, Min, QuerySet

from django_capi.database.alias import using
from django_capi.database.retry import retried

RANGE: Final = 200  # rows in a step, whose locks a checkout may have to wait for
PAUSE: Final = 0.01  # seconds between two steps


Rows = TypeVar("Rows", bound=QuerySet[Any])


def ranges(rows: Rows, *, last: int | None) -> Iterator[Rows]:
    """Yield the rows up to this primary key in parts of at most RANGE."""
    first = rows.aggregate(first=Min("pk"))["first"]
    if first is not None and last is not None:
        for low in range(first, last + 1, RANGE):
            yield rows.filter(pk__gte=low, pk__lt=low + RANGE)


def in_parts(rows: Rows) -> Iterator[Rows]:
    """Yield all rows in parts of at most RANGE."""
    return ranges(rows, last=rows.aggregate(last=Max("pk"))["last"])


def delete_in_parts(rows: QuerySet[Any]) -> None:
    for part in in_parts(rows):
        pause_for_others(delete_part(part))


@retried
def delete_part(rows: QuerySet[Any]) -> int:
    """Delete the rows without looking for rows that refer to them, as none do."""
    return int(rows._raw_delete(using()))


def pause_for_others(changed: int) -> None:
    """Pause if rows were changed, so that other transactions get the locks they wait for."""
    if changed:
        time.sleep(PAUSE)
