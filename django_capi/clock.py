"""The database's own time, so that workers whose clocks differ agree on who holds what until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, Func, IntegerField, functions
from django.db.models.expressions import Combinable
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

MICROSECOND: Final = timedelta(microseconds=1)
# A moment of the database's clock, given how many microseconds ago it was.
AGO_IN_SQL: Final = {
    "postgresql": "STATEMENT_TIMESTAMP() - %s * INTERVAL '1 microsecond'",
    "mysql": "UTC_TIMESTAMP(6) - INTERVAL %s MICROSECOND",
}


class Now(functions.Now):
    """`Now()` in UTC everywhere: MySQL's CURRENT_TIMESTAMP is in the session's time zone, the columns are in UTC."""

    def as_mysql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra_context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        return self.as_sql(compiler, connection, template="UTC_TIMESTAMP(6)", **extra_context)


class MicrosecondsBetween(Func):
    """The microseconds from the first to the second time. Python reads a number much faster than two times."""

    output_field = BigIntegerField()

    def __init__(self, start: Any, end: Any) -> None:
        super().__init__(start, end)

    def as_sql(  # type: ignore[override]  # takes no template
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra_context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        start, end = (compiler.compile(source) for source in self.source_expressions)
        sql, params = connection.ops.subtract_temporals("DateTimeField", end, start)
        if connection.vendor == "postgresql":
            sql = f"CAST(EXTRACT(EPOCH FROM {sql}) * 1000000 AS bigint)"
        return sql, tuple(params)


class SecondsBucket(Func):
    """The first of the limits, in whole seconds, within which a time follows Unix seconds; its place, from 0.

    Except on SQLite, the time is converted once for all limits, as that takes longer than to count the row.
    """

    output_field = IntegerField()

    def __init__(self, moment: Any, unix_seconds: Any, limits: Sequence[int]) -> None:
        super().__init__(moment, unix_seconds)
        self.bounds = [str(int(limit) + 1) for limit in limits]

    def as_sql(  # type: ignore[override]  # takes no template
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra_context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        moment, unix_seconds = (compiler.compile(source)[0] for source in self.source_expressions)
        bounds = ", ".join(self.bounds)
        if connection.vendor == "postgresql":
            seconds = f"DATE_PART('epoch', {moment}) - {unix_seconds}"
            return f"WIDTH_BUCKET({seconds}, ARRAY[{bounds}]::double precision[])", ()
        if connection.vendor == "mysql":
            return f"INTERVAL(TIMESTAMPDIFF(SECOND, '1970-01-01', {moment}) - {unix_seconds}, {bounds})", ()
        seconds = f"STRFTIME('%%s', {moment}) - {unix_seconds}"
        cases = " ".join(f"WHEN {seconds} < {bound} THEN {place}" for place, bound in enumerate(self.bounds))
        return f"CASE {cases} ELSE {len(self.bounds)} END", ()


@cache
def now_in_sql(alias: str) -> str:
    """For a statement that is written out and has parameters: its per cent signs are doubled."""
    compiler = Query(None).get_compiler(alias)
    return str(compiler.compile(Now())[0])


def has_own_clock(alias: str) -> bool:
    """False for SQLite: its clock is this machine's, and what it says itself has milliseconds only."""
    return connections[alias].vendor in AGO_IN_SQL


def in_database(then: datetime, alias: str) -> Combinable | datetime:
    """A past moment of this machine's clock, by the database's."""
    return Now() - max(timezone.now() - then, timedelta()) if has_own_clock(alias) else then


def placeholder_in_database(alias: str) -> str:
    """The same for a statement that is written out; its parameter is `microseconds_since(then)` where the
    database has a clock of its own."""
    return AGO_IN_SQL.get(connections[alias].vendor, "%s")


def microseconds_since(then: datetime) -> int:
    return max((timezone.now() - then) // MICROSECOND, 0)


def from_database(then: datetime, alias: str, *, now: datetime, here: datetime) -> datetime:
    """A moment of the database's clock, by this machine's: `now` is what the database answered, asked at `here`."""
    return here - (now - then) if has_own_clock(alias) else then
