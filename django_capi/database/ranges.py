"""Change or delete many rows a few at a time, so that a checkout never waits long for them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final, TypeVar

from django.db.models import Max, Min, QuerySet

from django_capi.database.alias import using
from django_capi.database.retry import insistent

RANGE: Final = 200  # rows in a step: the longest that a checkout may have to wait for
PAUSE: Final = 0.01  # seconds between two steps


Rows = TypeVar("Rows", bound=QuerySet[Any])


def ranges(rows: Rows, *, last: int | None) -> Iterator[Rows]:
    """The rows up to that key, a few at a time."""
    first = rows.aggregate(first=Min("pk"))["first"]
    if first is not None and last is not None:
        for low in range(first, last + 1, RANGE):
            yield rows.filter(pk__gte=low, pk__lt=low + RANGE)


def every(rows: Rows) -> Iterator[Rows]:
    """All of them, a few at a time."""
    return ranges(rows, last=rows.aggregate(last=Max("pk"))["last"])


def drop(rows: QuerySet[Any]) -> None:
    for part in every(rows):
        rest(remove(part))


@insistent
def remove(rows: QuerySet[Any]) -> int:
    """Nothing points at any of them."""
    return int(rows._raw_delete(using()))


def rest(changed: int) -> None:
    """Pause, so that other transactions get the locks they wait for."""
    if changed:
        time.sleep(PAUSE)
