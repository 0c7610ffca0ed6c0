"""The database's own time, so that workers whose clocks differ agree on who holds what until when."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import functions
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler


class Now(functions.Now):
    """`Now()` in UTC everywhere: MySQL's CURRENT_TIMESTAMP is in the session's time zone, the columns are in UTC."""

    def as_mysql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra_context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        return self.as_sql(compiler, connection, template="UTC_TIMESTAMP(6)", **extra_context)


@cache
def now_in_sql(alias: str) -> str:
    """For a statement that is written out and has parameters: its per cent signs are doubled."""
    compiler = Query(None).get_compiler(alias)
    return str(compiler.compile(Now())[0])
