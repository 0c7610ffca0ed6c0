"""A database that refuses some statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def failing(
    verb: str, table: str, *, error: Callable[[], Exception] | None = None, times: int | None = None
) -> Iterator[None]:
    """The statements that begin so and name the table fail, the first few of them or all.

    Without an `error` the database itself finds something wrong with them.
    """
    left = times

    def refuse(execute: Callable[..., Any], sql: str, *call: Any) -> Any:
        nonlocal left
        if sql.lstrip().startswith(verb) and table in sql and left != 0:
            left = None if left is None else left - 1
            if error:
                raise error()
            sql = sql.replace(table, "a_table_that_is_not_there")
        return execute(sql, *call)

    with connection.execute_wrapper(refuse):
        yield
