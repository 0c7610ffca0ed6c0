"""Find PostgreSQL sequences that lag behind their tables, and advance them.

A restored dump, COPY, or a failover to a logical replica may leave a sequence below the highest primary key. Every
INSERT then fails on the primary key until the sequence has passed it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from django.apps import apps
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import AutoField, BigAutoField, Model

from django_capi.database.conflicts import violated_key

logger = logging.getLogger("django_capi")

APP: Final = "django_capi"
FIX: Final = f"manage.py sqlsequencereset {APP}"
LOCK: Final = 7_229_406_158_813  # of pg_advisory_lock(): one process advances sequences at a time
# Ids skipped, because other INSERTs may take some between the two reads of the statement in advance().
MARGIN: Final = 1000

R = TypeVar("R")


def insert(model: type[Model], statement: Callable[[], R], *, alias: str) -> R:
    """Execute the INSERT in a savepoint, and once more if the table's sequence lagged behind."""
    try:
        with transaction.atomic(using=alias):
            return statement()
    except IntegrityError as error:
        if not is_lag(error, model):
            raise
    repair(model, alias=alias)
    with transaction.atomic(using=alias):
        return statement()


def is_lag(error: IntegrityError, model: type[Model]) -> bool:
    """Whether a row has the key that the sequence gave. Only PostgreSQL's sequences can lag."""
    return violated_key(error) == f"{model._meta.db_table}_pkey"


def repair_all(alias: str) -> None:
    """Advance each sequence that lags. A failure is logged only, as INSERTs repair their own sequence."""
    try:
        for model in lagging(alias):
            repair(model, alias=alias)
    except DatabaseError as error:
        logger.warning("Sequences could not be checked: %s.", type(error).__name__)


def repair(model: type[Model], *, alias: str) -> None:
    """Advance the table's sequence beyond its highest primary key. It is never set back."""
    connection = connections[alias]
    table, column = model._meta.db_table, model._meta.pk.attname
    # One transaction, so that a connection pooler keeps both statements about the lock on one session.
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        sequence = sequence_of(cursor, connection, table, column)
        if sequence is None:
            return
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            with transaction.atomic(using=alias):
                cursor.execute(advance(connection, table, column, sequence), [sequence])
                is_advanced = cursor.rowcount > 0
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    if is_advanced:
        logger.warning(
            "The sequence of %s lagged behind its rows, as after a restore, and has been advanced. Other tables of "
            "this database may need the same. For this app's tables: %s.",
            table,
            FIX,
        )


def sequence_of(cursor: Any, connection: BaseDatabaseWrapper, table: str, column: str) -> str | None:
    """Return the quoted name. None without a sequence, or with one that shares its numbers with other servers."""
    cursor.execute(
        "SELECT s.name FROM (SELECT pg_get_serial_sequence(%s, %s)) AS s(name) "
        "JOIN pg_sequence ON seqrelid = s.name::regclass AND seqincrement = 1",
        [connection.ops.quote_name(table), column],
    )
    found = cursor.fetchone()
    return found and str(found[0])


def advance(connection: BaseDatabaseWrapper, table: str, column: str, sequence: str) -> str:
    """Return the statement. Sequences are not transactional, so `last_value` is the current one."""
    quote = connection.ops.quote_name
    return (
        f"SELECT setval(%s, highest + {MARGIN}) FROM {sequence}, "  # noqa: S608  # names only
        f"(SELECT MAX({quote(column)}) AS highest FROM {quote(table)}) AS stored "
        "WHERE last_value + is_called::integer <= highest"
    )


def lagging(alias: str) -> list[type[Model]]:
    """Return the models whose next primary key may exist already."""
    connection = connections[alias]
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(SUSPECTS.format(tables=" UNION ALL ".join(highest(connection, model) for model in numbered())))
        suspects = dict(cursor.fetchall())
        return [model for model in numbered() if is_behind(cursor, suspects.get(model._meta.db_table))]


# The start of a sequence that was never used is known only to the sequence itself; see is_behind().
SUSPECTS: Final = (
    "SELECT name, ARRAY[sequence, highest::text] FROM ({tables}) AS stored(name, sequence, highest) "
    "JOIN pg_sequence ON seqrelid = sequence::regclass AND seqincrement = 1 "
    "WHERE COALESCE(pg_sequence_last_value(seqrelid), 0) < highest"
)


def highest(connection: BaseDatabaseWrapper, model: type[Model]) -> str:
    quote = connection.ops.quote_name
    table, column = model._meta.db_table, model._meta.pk.attname
    return (
        f"SELECT '{table}', pg_get_serial_sequence('{quote(table)}', '{column}'), "  # noqa: S608  # names only
        f"(SELECT MAX({quote(column)}) FROM {quote(table)})"
    )


def is_behind(cursor: Any, suspect: Sequence[str] | None) -> bool:
    if suspect is None:
        return False
    sequence, highest_key = suspect
    cursor.execute(f"SELECT last_value + is_called::integer FROM {sequence}")  # noqa: S608  # a name
    return int(cursor.fetchone()[0]) <= int(highest_key)


def numbered() -> list[type[Model]]:
    """Return this app's models whose primary keys come from a sequence."""
    models = apps.get_app_config(APP).get_models()
    return [model for model in models if isinstance(model._meta.pk, AutoField | BigAutoField) and not model._meta.proxy]
