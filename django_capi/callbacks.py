"""The site's own code is called; what it says goes out, or that it failed, and the caller's transaction stays whole.

A query that fails in it would spoil the transaction it is in: PostgreSQL then takes nothing more and rolls the order
back at its COMMIT without a word. So the first query in it opens a savepoint, and code without queries costs nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any, Final

from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.dispatch import Signal

from django_capi.database.transactions import is_open

logger = logging.getLogger("django_capi")

IN_ERROR: Final = 3  # PQTRANS_INERROR of libpq


class Failed(Exception):
    """The site's code raised. The name of the error is all that is told: its text may hold personal data."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.kind = type(error)


def call(hook: Callable[..., Any], *arguments: Any) -> Any:
    """What it returns, or Failed; the database's own error when the caller's transaction is lost with it."""
    try:
        with sheltered():
            return hook(*arguments)
    except Exception as error:
        if has_lost_transaction(error):
            raise
        raise Failed(error) from None


def tell(signal: Signal, sender: Any, **named: Any) -> None:
    """Send it in the caller's transaction. Receivers may fail."""
    if not signal.has_listeners(sender):
        return
    try:
        with sheltered():
            signal.send_robust(sender, **named)
    except DatabaseError as error:
        if has_lost_transaction(error):
            raise
        logger.error("A signal's receiver failed: %s.", type(error).__name__)  # noqa: TRY400  # personal data


def has_lost_transaction(error: Exception) -> bool:
    """The caller's transaction died under us: Django would roll it back without a word, and the view say thank you."""
    if not isinstance(error, DatabaseError) or isinstance(error, transaction.TransactionManagementError):
        return False
    return any(is_lost(connection) for connection in connections.all(initialized_only=True))


def is_lost(connection: BaseDatabaseWrapper) -> bool:
    """True where only a rollback is possible. Django does not know it of a query that failed outside of a savepoint."""
    if not connection.in_atomic_block:
        return False
    info = getattr(connection.connection, "info", None)  # of psycopg
    return connection.needs_rollback or getattr(info, "transaction_status", None) == IN_ERROR


def sheltered() -> AbstractContextManager[object]:
    """A query that fails in here costs the transactions that are open nothing."""
    opened = [each for each in connections.all(initialized_only=True) if is_open(each)]
    if not opened:
        return nullcontext()
    stack = ExitStack()
    for connection in opened:
        stack.enter_context(SavepointForQueries(connection))
    return stack


class SavepointForQueries:
    """Opens a savepoint at the first query. Written as a class: each save of a registered model enters one."""

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
