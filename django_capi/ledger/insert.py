"""INSERT events, with the SQL compiled once for each database.

Django compiles such a statement each time, which takes longer than running it, and a checkout would wait for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import cache
from typing import Any, Final

from django.db import IntegrityError, OperationalError, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from django_capi.clock import has_own_clock, microseconds_since, placeholder_in_database
from django_capi.database import sequences
from django_capi.database.conflicts import is_serialization_failure, violated_key
from django_capi.database.transactions import is_in_transaction
from django_capi.models import Event

# The primary key and the time of the last change come from the database.
FIELDS: Final = [
    field
    for field in Event._meta.concrete_fields
    if not field.primary_key and (field.has_default() or not field.has_db_default())
]
NAMES: Final = [field.attname for field in FIELDS]
TIMES: Final = [
    place
    for place, field in enumerate(FIELDS)
    if isinstance(field, models.DateTimeField) and field.attname != "consented_at"
]
CONSENTED: Final = NAMES.index("consented_at")
CHOICES: Final = [place for place, field in enumerate(FIELDS) if field.choices]
MOST_ROWS: Final = 100  # in a statement
PAUSES: Final = (0.01, 0.05, 0.2)  # seconds before a statement outside a transaction is repeated
KEY: Final = "capi_one_row_per_event"
# Only a conflict of the event's own key is expected; a conflict of any other key is an error. MySQL and MariaDB cannot
# name the key. INSERT IGNORE would truncate and change values, and ON DUPLICATE KEY UPDATE would hide a conflict of
# any key.
UNTOUCHED: Final = "ON CONFLICT (event_id, event_name, pixel_id) DO NOTHING"
NAMES_NO_KEY: Final = "mysql"


def insert(rows: Sequence[Event], *, alias: str) -> bool:
    """Insert the rows whose keys do not exist yet. True if all were inserted.

    A failure in a transaction is confined to a savepoint. An existing row may be a browser's report of another event
    with the same id: see `ledger.precedence`.
    """
    try:
        return insert_missing(rows, alias)
    except IntegrityError as error:
        if violated_key(error) == KEY:
            return insert_each(rows, alias)
        if not sequences.is_lag(error, Event):
            raise
        sequences.repair(Event, alias=alias)
        return insert_missing(rows, alias)
    except OperationalError as error:
        if not is_serialization_failure(error):
            raise
        return insert_after_failure(rows, alias, error)


def insert_missing(rows: Sequence[Event], alias: str) -> bool:
    connection = connections[alias]
    most = min(connection.ops.bulk_batch_size(FIELDS, rows), MOST_ROWS) if len(rows) > 1 else 1
    tail = "" if connection.vendor == NAMES_NO_KEY else UNTOUCHED
    added = 0
    with atomic_if_needed(connection, is_one=len(rows) <= most), connection.cursor() as cursor:
        for first in range(0, len(rows), most):
            added += execute(cursor, rows[first : first + most], alias, tail)
    return added == len(rows)


def insert_each(rows: Sequence[Event], alias: str) -> bool:
    """Insert row by row, where the database does not say which one exists already."""
    added = 0
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        for row in rows:
            try:
                with transaction.atomic(using=alias):
                    added += execute(cursor, [row], alias, tail="")
            except IntegrityError as error:
                if violated_key(error) != KEY:
                    raise
    return added == len(rows)


def insert_after_failure(rows: Sequence[Event], alias: str, error: OperationalError) -> bool:
    """Repeat a statement outside a transaction; inside one, insert row by row on PostgreSQL.

    Under REPEATABLE READ, ON CONFLICT DO NOTHING fails if the existing row was committed after the snapshot.
    """
    if is_in_transaction(alias):
        if connections[alias].vendor == NAMES_NO_KEY:  # the deadlock has ended the whole transaction
            raise error
        return insert_each(rows, alias)
    for pause in PAUSES:
        time.sleep(pause)
        try:
            return insert_missing(rows, alias)
        except OperationalError as again:
            if not is_serialization_failure(again):
                raise
    raise error


def atomic_if_needed(connection: BaseDatabaseWrapper, *, is_one: bool) -> AbstractContextManager[None]:
    """Return atomic(), or nothing for one statement in autocommit: BEGIN and COMMIT would be two more round trips."""
    is_alone = is_one and connection.get_autocommit()
    return nullcontext() if is_alone else transaction.atomic(using=connection.alias)


def execute(cursor: CursorWrapper, rows: Sequence[Event], alias: str, tail: str) -> int:
    """Insert the rows, and return how many were added."""
    as_stored = connections[alias].ops.adapt_datetimefield_value
    as_age = microseconds_since if has_own_clock(alias) else as_stored
    cursor.execute(
        statement(alias, len(rows), tail), [value for row in rows for value in values(row, as_stored, as_age)]
    )
    return int(cursor.rowcount)


@cache
def statement(alias: str, count: int, tail: str) -> str:
    """Return the SQL for this number of rows."""
    operations = connections[alias].ops
    columns = ", ".join(operations.quote_name(str(field.column)) for field in FIELDS)
    places = ["%s"] * len(FIELDS)
    places[CONSENTED] = placeholder_in_database(alias)
    row = f"({', '.join(places)})"
    table = operations.quote_name(Event._meta.db_table)
    return f"{operations.insert_statement()} {table} ({columns}) VALUES {', '.join([row] * count)} {tail}"


def values(row: Event, as_stored: Callable[[datetime], Any], as_age: Callable[[datetime], Any]) -> list[Any]:
    """Return the row's values as the database's driver expects them.

    The time of the consent is converted to the database's clock, which withdrawals use: see `clock.in_database`.
    """
    found = list(map(vars(row).__getitem__, NAMES))
    found[CONSENTED] = found[CONSENTED] and as_age(found[CONSENTED])
    for place in TIMES:
        if found[place] is not None:
            found[place] = as_stored(found[place])
    for place in CHOICES:
        found[place] = int(found[place])
    return found
