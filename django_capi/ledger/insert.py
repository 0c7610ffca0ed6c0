"""INSERT events, with the SQL compiled once for each database.

Django compiles such a statement anew each time, and that takes longer than to run it: a checkout would wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import cache
from typing import Any, Final

from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from django_capi.clock import has_own_clock, microseconds_since, placeholder_in_database
from django_capi.models import Event, Origin

FIELDS: Final = [field for field in Event._meta.concrete_fields if not (field.primary_key or field.has_db_default())]
NAMES: Final = [field.attname for field in FIELDS]
TIMES: Final = [
    place
    for place, field in enumerate(FIELDS)
    if isinstance(field, models.DateTimeField) and field.attname != "consented_at"
]
CONSENTED: Final = NAMES.index("consented_at")
CHOICES: Final = [place for place, field in enumerate(FIELDS) if field.choices]
MOST_ROWS: Final = 100  # in a statement
# Only the event's own key may be there already. Any other conflict, such as that of a sequence that fell behind, is an
# error. MySQL and MariaDB cannot name the key; their INSERT IGNORE would cut and change values without a word.
UNTOUCHED: Final = "ON CONFLICT (event_id, event_name, pixel_id) DO NOTHING"
# A row that a browser's report has made is touched, which the number of affected rows tells; no other row is.
TOUCHED: Final = (
    f"ON DUPLICATE KEY UPDATE changed_at = IF(origin = {int(Origin.BROWSER)} AND VALUES(origin) <> "
    f"{int(Origin.BROWSER)}, UTC_TIMESTAMP(6), changed_at)"
)
CONFLICT: Final = {"mysql": TOUCHED}


def insert(rows: Sequence[Event], *, alias: str) -> bool:
    """Add those that are not there yet. In a transaction it is done in a savepoint, so that a failure costs no more.

    False if a browser's report may have used the id of one of them: see `ledger.precedence`.
    """
    connection = connections[alias]
    most = min(connection.ops.bulk_batch_size(FIELDS, rows), MOST_ROWS) if len(rows) > 1 else 1
    as_stored = connection.ops.adapt_datetimefield_value
    as_age = microseconds_since if has_own_clock(alias) else as_stored
    affected = 0
    with guard(connection, is_one=len(rows) <= most), connection.cursor() as cursor:
        for first in range(0, len(rows), most):
            part = rows[first : first + most]
            cursor.execute(
                statement(alias, len(part)), [value for row in part for value in values(row, as_stored, as_age)]
            )
            affected += cursor.rowcount
    return affected == len(rows)


def guard(connection: BaseDatabaseWrapper, *, is_one: bool) -> AbstractContextManager[None]:
    """A statement outside of any transaction is one by itself: BEGIN and COMMIT would be two more round trips."""
    is_alone = is_one and connection.get_autocommit()
    return nullcontext() if is_alone else transaction.atomic(using=connection.alias)


@cache
def statement(alias: str, count: int) -> str:
    """The text for so many rows."""
    connection = connections[alias]
    operations = connection.ops
    head, tail = operations.insert_statement(), CONFLICT.get(connection.vendor, UNTOUCHED)
    columns = ", ".join(operations.quote_name(str(field.column)) for field in FIELDS)
    places = ["%s"] * len(FIELDS)
    places[CONSENTED] = placeholder_in_database(alias)
    row = f"({', '.join(places)})"
    table = operations.quote_name(Event._meta.db_table)
    return f"{head} {table} ({columns}) VALUES {', '.join([row] * count)} {tail}"


def values(row: Event, as_stored: Callable[[datetime], Any], as_age: Callable[[datetime], Any]) -> list[Any]:
    """As the database's driver takes them: what is neither a time nor a choice is so already.

    The time of the consent becomes one of the database's clock, as withdrawals have: see `clock.in_database`.
    """
    found = list(map(vars(row).__getitem__, NAMES))
    found[CONSENTED] = found[CONSENTED] and as_age(found[CONSENTED])
    for place in TIMES:
        if found[place] is not None:
            found[place] = as_stored(found[place])
    for place in CHOICES:
        found[place] = int(found[place])
    return found
