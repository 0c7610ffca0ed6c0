"""Which conversions are owed, which are stored, and why the others are not sent.

Decisions rest on the row counts of conditional statements, never on a SELECT: in a transaction with an old snapshot a
SELECT does not show what another transaction has committed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import IntegrityError, connections
from django.db.models import QuerySet
from django.utils import timezone

from django_capi.conf import is_testing
from django_capi.database import sequences
from django_capi.database.alias import using
from django_capi.database.keys import batched
from django_capi.database.retry import retried
from django_capi.database.transactions import on_commit
from django_capi.models import ConversionMark, ConversionState, NotSent

COPY_WINDOW = timedelta(hours=24)  # from the conversion to its browser copy; Meta's window is 48 hours
COPY_LIFETIME = 1800  # seconds in which a rendered copy may be fired
SHORTEST_WAIT = timedelta(minutes=1)  # between two checks of an object that has not happened
LONGEST_WAIT = timedelta(days=1)
MOST_KNOWN = 10_000
MOST_ROWS = 500  # in a statement
SHARE_OF_AGE = 10  # an object is checked again after a tenth of its age


@dataclass(frozen=True, kw_only=True, slots=True)
class BrowserCopy:
    """A browser copy that may be fired until `expires` (Unix seconds)."""

    event_id: str
    pixel_ids: tuple[str, ...]
    expires: int


known: dict[tuple[str, str, str], None] = {}  # committed rows that this process has seen


def states(object_ref: str) -> dict[str, int]:
    """Return the states of the object's conversions by event name, as this transaction sees them."""
    alias = using()
    with connections[alias].cursor() as cursor:
        cursor.execute(statement(alias), [object_ref])
        found = dict(cursor.fetchall())
    if found and not is_testing():
        # After the commit, as this transaction may have written the rows itself and be rolled back.
        on_commit(lambda: remember_committed(alias, object_ref, found), alias=alias)
    return found


@cache
def statement(alias: str) -> str:
    """Return the SQL. It is written out, as each save of a registered model runs it."""
    quote = connections[alias].ops.quote_name
    columns, table = f"{quote('event_name')}, {quote('state')}", quote(ConversionMark._meta.db_table)
    return f"SELECT {columns} FROM {table} WHERE {quote('object_ref')} = %s"  # noqa: S608  # names only


def remember_committed(alias: str, object_ref: str, event_names: Iterable[str]) -> None:
    if len(known) > MOST_KNOWN:
        known.clear()
    for name in event_names:
        known[alias, object_ref, name] = None


def is_known(object_ref: str, event_name: str) -> bool:
    """Whether this process has seen a committed row, so that an object that has not happened needs no query."""
    return (using(), object_ref, event_name) in known


def states_of(object_refs: Sequence[str], event_name: str) -> dict[str, int]:
    """Return the states of one conversion by object, for those of the objects that have a row."""
    marks = ConversionMark.objects.using(using()).filter(object_ref__in=object_refs, event_name=event_name)
    return dict(marks.values_list("object_ref", "state"))


def open_mark(object_ref: str, event_name: str) -> bool:
    """Record that the object is owed this conversion. False if it has a row already."""
    now = timezone.now()
    mark = ConversionMark(
        object_ref=object_ref, event_name=event_name, state=ConversionState.OPEN, check_at=now + SHORTEST_WAIT
    )
    return insert(mark)


def insert(mark: ConversionMark) -> bool:
    """Insert the row. False if another one exists."""
    alias = using()
    try:
        sequences.insert(ConversionMark, lambda: mark.save(using=alias, force_insert=True), alias=alias)
    except IntegrityError:
        return False
    return True


def open_marks(object_refs: Iterable[str], event_name: str) -> None:
    """Record that these objects, which have no row, are owed this conversion."""
    check_at = timezone.now() + SHORTEST_WAIT
    insert_all([ConversionMark(object_ref=ref, event_name=event_name, check_at=check_at) for ref in object_refs])


def claim(
    object_ref: str, event_name: str, *, event_id: str, pixel_ids: Sequence[str], is_complete: bool, reference: str = ""
) -> bool:
    """Turn an open row into a stored one, in the transaction that stores the event. True for one caller only."""
    return bool(
        open_rows(object_ref, event_name).update(
            state=ConversionState.STORED if is_complete else ConversionState.INCOMPLETE,
            event_id=event_id,
            pixel_ids=" ".join(pixel_ids),
            reference=reference,
            happened_at=timezone.now(),
            check_at=None if is_complete else timezone.now(),
        )
    )


def skip(object_ref: str, event_name: str, reason: NotSent, *, reference: str = "", excluded_as: str = "") -> bool:
    """Record why an open conversion is not sent."""
    return bool(
        open_rows(object_ref, event_name).update(
            state=ConversionState.NOT_SENT,
            reason=reason,
            excluded_as=excluded_as,
            reference=reference,
            happened_at=timezone.now(),
            check_at=None,
        )
    )


def skip_unmet(object_refs: Iterable[str], event_name: str, reason: NotSent) -> int:
    """Record this reason for objects that have no row yet. Return how many were added."""
    columns: dict[str, Any] = {"state": ConversionState.NOT_SENT, "reason": reason, "happened_at": timezone.now()}
    return insert_all([ConversionMark(object_ref=ref, event_name=event_name, **columns) for ref in object_refs])


def insert_all(rows: Sequence[ConversionMark]) -> int:
    return insert(rows[0]) if len(rows) == 1 else sum(insert_many(part) for part in batched(rows, MOST_ROWS))


@retried
def insert_many(rows: Sequence[ConversionMark]) -> int:
    """Insert the rows that do not exist yet. Return how many were added."""
    marks = ConversionMark.objects.using(using())
    try:
        sequences.insert(ConversionMark, lambda: marks.bulk_create(rows), alias=using())
    except IntegrityError:
        return sum(insert(row) for row in rows)
    return len(rows)


def open_rows(object_ref: str, event_name: str) -> QuerySet[ConversionMark]:
    return ConversionMark.objects.using(using()).of(object_ref, event_name).open()


def incomplete(*, limit: int) -> list[ConversionMark]:
    """Return incomplete conversions that are to be completed now."""
    marks = ConversionMark.objects.using(using()).incomplete().filter(check_at__lte=timezone.now())
    return list(marks.order_by("check_at")[:limit])


def find_incomplete(object_ref: str, event_name: str) -> ConversionMark | None:
    return ConversionMark.objects.using(using()).of(object_ref, event_name).incomplete().first()


def complete(mark: ConversionMark, *, reference: str | None = None) -> bool:
    """Record that the event was completed. True for one caller only. None keeps the reference as it is."""
    changes: dict[str, Any] = {"state": ConversionState.STORED, "check_at": None}
    if reference is not None:
        changes["reference"] = reference
    return bool(still_incomplete(mark).update(**changes))


def reopen(mark: ConversionMark) -> bool:
    """Open the conversion again, as the object was none when its transaction committed."""
    return bool(
        still_incomplete(mark).update(
            state=ConversionState.OPEN,
            event_id="",
            pixel_ids="",
            happened_at=None,
            check_at=timezone.now() + SHORTEST_WAIT,
        )
    )


def postpone(mark: ConversionMark, *, until: datetime) -> None:
    still_incomplete(mark).update(check_at=until)


def still_incomplete(mark: ConversionMark) -> QuerySet[ConversionMark]:
    return ConversionMark.objects.using(using()).incomplete().filter(pk=mark.pk)


def due(*, limit: int) -> list[ConversionMark]:
    """Return open conversions whose objects are to be checked now, the longest waiting first."""
    marks = ConversionMark.objects.using(using()).open().filter(check_at__lte=timezone.now())
    return list(marks.order_by("check_at")[:limit])


@retried
def postpone_checks(marks: Sequence[ConversionMark]) -> None:
    """Schedule the next check after a tenth of the age: new orders within minutes, abandoned carts once a day."""
    now = timezone.now()
    waits: dict[timedelta, list[int]] = {}
    for mark in marks:
        waits.setdefault(next_wait(now - mark.created_at), []).append(mark.pk)
    for pause, pks in waits.items():
        still_open = ConversionMark.objects.using(using()).open().filter(pk__in=pks)
        still_open.update(check_at=now + pause)


def next_wait(age: timedelta) -> timedelta:
    """Return a tenth of the age, rounded to powers of two of minutes, so that a pass needs few statements."""
    minutes = max(1, int(age.total_seconds() // 60 // SHARE_OF_AGE))
    return min(timedelta(minutes=1 << (minutes.bit_length() - 1)), LONGEST_WAIT)


def forget(mark: ConversionMark) -> None:
    """Delete the open row of an object that was deleted."""
    ConversionMark.objects.using(using()).open().filter(pk=mark.pk)._raw_delete(using())


def take_copy(object_ref: str, event_name: str) -> BrowserCopy | None:
    """Return the browser copy to the first page that asks for it."""
    now = timezone.now()
    marks = ConversionMark.objects.using(using()).filter(
        state__in=(ConversionState.STORED, ConversionState.INCOMPLETE),
        object_ref=object_ref,
        event_name=event_name,
        shown_at=None,
        happened_at__gt=now - COPY_WINDOW,
    )
    found = marks.values_list("event_id", "pixel_ids").first()
    if not found or not marks.update(shown_at=now):
        return None
    event_id, pixel_ids = found
    expires = int(time.time()) + COPY_LIFETIME
    return BrowserCopy(event_id=event_id, pixel_ids=tuple(pixel_ids.split()), expires=expires)
