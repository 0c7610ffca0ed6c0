"""Savepoints that are created only when a query is made, for code that may fail inside a transaction.

On PostgreSQL a failed query outside a savepoint aborts the whole transaction, and its COMMIT silently becomes a
ROLLBACK. A savepoint around each call would cost two statements even where the code makes no query.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any, Final

from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from django_capi.database.transactions import is_open

IN_ERROR: Final = 3  # PQTRANS_INERROR of libpq


def savepoint_on_query() -> AbstractContextManager[object]:
    """Protect the open transactions from a query that fails inside this block."""
    opened = [each for each in connections.all(initialized_only=True) if is_open(each)]
    if not opened:
        return nullcontext()
    stack = ExitStack()
    for connection in opened:
        stack.enter_context(SavepointForQueries(connection))
    return stack


class SavepointForQueries:
    """Opens a savepoint at the first query. A class, as it is faster: each save of a registered model enters one."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.savepoint: transaction.Atomic | None = None

    def __enter__(self) -> None:
        self.connection.execute_wrappers.append(self.execute)

    def execute(self, execute: Callable[..., Any], *query: Any) -> Any:
        if self.savepoint is None:
            self.savepoint = transaction.atomic(using=self.connection.alias)
            self.savepoint.__enter__()
        return execute(*query)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.connection.execute_wrappers.remove(self.execute)
        if self.savepoint is not None:
            self.savepoint.__exit__(kind, error, trace)


def has_lost_transaction(error: Exception) -> bool:
    """Whether the error has ended the caller's transaction, which Django would silently roll back at its end."""
    if not isinstance(error, DatabaseError) or isinstance(error, transaction.TransactionManagementError):
        return False
    return any(is_lost(connection) for connection in connections.all(initialized_only=True))


def is_lost(connection: BaseDatabaseWrapper) -> bool:
    """Whether only a rollback is possible. Django does not know this of a query that failed outside a savepoint."""
    if not connection.in_atomic_block:
        return False
    info = getattr(connection.connection, "info", None)  # of psycopg
    return connection.needs_rollback or getattr(info, "transaction_status", None) == IN_ERROR
