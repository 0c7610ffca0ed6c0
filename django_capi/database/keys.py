"""Conditions by primary key, in the form that every database serves well.

`PkIn` and `Equals` avoid extra row locks: MariaDB locks every row that it reads for an UPDATE. An index on the status
leads it to the rows of each checkout that has not been committed yet, and it waits for them; by primary key it reads
only the rows asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from django.db.models import BooleanField, F, Func

T = TypeVar("T")


class PkIn(Func):
    """`id IN (1, 2, 3)` with the keys in the SQL: binding 500 parameters costs more than updating the rows."""

    template = "%(expressions)s IN (%(keys)s)"
    output_field = BooleanField()

    def __init__(self, pks: Sequence[int]) -> None:
        super().__init__(F("pk"), keys=",".join(str(int(pk)) for pk in pks) or "NULL")


class Equals(Func):
    """`column = number`, written so that no index serves it."""

    template = "%(expressions)s + 0 = %(number)s"
    output_field = BooleanField()

    def __init__(self, column: str, number: int) -> None:
        super().__init__(F(column), number=int(number))


class InShard(Func):
    """Whether the row is in this one of `shards`, eight keys in a row in the same one.

    PostgreSQL expects `=` to hold for one row in two hundred, and would sort the whole backlog rather than read it in
    the order of the index; of `<` it expects one in three. The remainder of the key itself could be the same for all
    events of a pixel: an event for two pixels takes two keys in a row, and clusters of MySQL count in steps.
    """

    template = "((%(expressions)s >> 3) + %(offset)s) %%%% %(shards)s < 1"
    output_field = BooleanField()

    def __init__(self, shard: int, shards: int) -> None:
        super().__init__(F("pk"), offset=int(shards) - int(shard), shards=int(shards))


def batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
