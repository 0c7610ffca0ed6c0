"""Primary keys come in; conditions that lock their rows and no others go out.

MariaDB locks what it reads for an UPDATE. By an index on the status it reads the rows of every checkout that has
not been committed yet, and waits for them; by the primary key it passes them over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from django.db.models import BooleanField, F, Func, QuerySet

from django_capi.ledger.store import using
from django_capi.models import Event, Status

T = TypeVar("T")


class Among(Func):
    """`column IN (1, 2, 3)` with the keys in the text: binding 500 parameters costs more than updating the rows."""

    template = "%(expressions)s IN (%(keys)s)"
    output_field = BooleanField()

    def __init__(self, column: str, pks: Sequence[int]) -> None:
        super().__init__(F(column), keys=",".join(str(int(pk)) for pk in pks) or "NULL")


class HasStatus(Func):
    """`status = …` in words that no index serves."""

    template = "%(expressions)s + 0 = %(status)s"
    output_field = BooleanField()

    def __init__(self, status: Status) -> None:
        super().__init__(F("status"), status=int(status))


def pending(pks: Sequence[int]) -> QuerySet[Event]:
    """Only what still waits: a slow worker must not settle again what another one has settled."""
    return Event.objects.using(using()).filter(Among("pk", pks), HasStatus(Status.PENDING))


def batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
