"""Tell whether a database has an open transaction, and call a function when it is committed.

Django knows the transactions of `atomic()`. One that the site commits itself, with `AUTOCOMMIT = False` or after
`transaction.set_autocommit(False)`, is a transaction as well, but Django has no hook for its commit.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


def is_in_transaction(alias: str) -> bool:
    """True when the caller may still roll back what is written now. Opens no connection."""
    return is_open(connections[alias])


def is_open(connection: BaseDatabaseWrapper) -> bool:
    return connection.in_atomic_block or is_manual(connection)


def is_manual(connection: BaseDatabaseWrapper) -> bool:
    """True in a transaction that the site commits itself, also inside an `atomic()` block in it."""
    if connection.in_atomic_block:
        return not connection.commit_on_exit
    if connection.connection is None:
        return not connection.settings_dict.get("AUTOCOMMIT", True)
    return not connection.autocommit


def on_commit(function: Callable[[], object], *, alias: str) -> bool:
    """Call it when the transaction is committed, now if none is open. False where Django cannot see the commit."""
    connection = connections[alias]
    if is_manual(connection):
        return False
    connection.on_commit(function, robust=True)
    return True
