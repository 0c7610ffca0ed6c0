"""Tell whether a database has an open transaction, and call a function when it is committed.

Besides the transactions of `atomic()` there are those that the site commits itself, with `AUTOCOMMIT = False` or after
`transaction.set_autocommit(False)`. Django has no hook for their commit.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


def is_in_transaction(alias: str) -> bool:
    """Whether the caller may still roll back what is written now. Opens no connection."""
    return is_open(connections[alias])


def is_open(connection: BaseDatabaseWrapper) -> bool:
    return connection.in_atomic_block or is_manual(connection)


def is_manual(connection: BaseDatabaseWrapper) -> bool:
    """Whether the site commits the transaction itself, also inside an `atomic()` block in it."""
    if connection.in_atomic_block:
        return not connection.commit_on_exit
    if connection.connection is None:
        return not connection.settings_dict.get("AUTOCOMMIT", True)
    return not connection.autocommit


def on_commit(function: Callable[[], object], *, alias: str) -> bool:
    """Call the function after the commit, or now if none is to come. False where Django cannot see the commit."""
    connection = connections[alias]
    if is_manual(connection):
        return False
    connection.on_commit(function, robust=True)
    return True
