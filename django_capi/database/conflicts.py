"""Find out what a failed statement conflicts with: a unique key, or another transaction."""

from __future__ import annotations

from typing import Final

from django.db import IntegrityError, OperationalError

DUPLICATE_ENTRY: Final = 1062  # of MySQL and MariaDB
DEADLOCK: Final = 1213
SERIALIZATION_FAILURES: Final = ("40001", "40P01")  # PostgreSQL's SQLSTATE for these and for deadlocks


def violated_key(error: IntegrityError) -> str:
    """Return the name of the unique key that the database reports, or an empty string."""
    diagnostics = getattr(error.__cause__, "diag", None)
    if diagnostics is not None:
        return diagnostics.constraint_name or ""
    if error.args[:1] != (DUPLICATE_ENTRY,):
        return ""
    # Duplicate entry '…' for key 'table.name', in the server's language. The entry may hold quotes itself.
    return str(error.args[1]).rpartition("'")[0].rpartition("'")[2].rpartition(".")[2]


def is_serialization_failure(error: OperationalError) -> bool:
    """Whether the statement or transaction may succeed when it is repeated."""
    state = getattr(error.__cause__, "sqlstate", None) or getattr(error.__cause__, "pgcode", None)
    return state in SERIALIZATION_FAILURES or error.args[:1] == (DEADLOCK,)
