"""Count the events of each hour by the state of their two copies, in tallies that outlive the rows.

An hour is recounted as a whole and never added to, so that neither a crash nor a second process can make it wrong.
Rows that are about to be pruned are counted separately, in the transaction that deletes them. Days are sums of hours.

A row that was written in a long transaction becomes visible after its hour has been counted. An hour is therefore
counted once more some time after its last change, and each count also checks one hour that has not changed.

A ledger that has never been counted is counted from its newest hour down, a few seconds at a time, so that a large one
keeps no page and no worker waiting. Meanwhile what changes is counted as always.

The more events an hour has, the longer its count takes, and the less often it is counted.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connections, transaction
from django.db.models import F, Max, Q, QuerySet

from django_capi.clock import Now
from django_capi.database.alias import using
from django_capi.database.keys import PkIn, batched
from django_capi.database.retry import retried
from django_capi.ledger.counting import (
    DAY,
    DELAYS,
    FIGURES,
    HOUR,
    HOUR_OF_EVENT,
    KEY_STATES,
    PLACE,
    STATES,
    TABLES,
    Hour,
    Table,
    among,
    grouped,
    made_of,
    within,
)
from django_capi.models import Count, Event, KeyTally, Span, Tally

__all__ = [
    "DAY",
    "DELAYS",
    "EVERY",
    "FIGURES",
    "HOUR",
    "KEY_STATES",
    "MARGIN",
    "STATES",
    "Hour",
    "latest",
    "recount",
    "refresh",
    "remove",
]

EVERY: Final = timedelta(seconds=5)  # between two counts, or more where counting takes long
REST: Final = 20  # times as long as a count took, so that at most a twentieth of the time goes into counting
LONGEST_REST: Final = timedelta(minutes=2)  # after a count that had to wait for locks, too
MARGIN: Final = timedelta(minutes=2)  # the longest a transaction is expected to last
MOST_SECONDS: Final = 5.0  # of a count; what is left is counted the next time
HOURS_AT_ONCE: Final = 12  # in one transaction

Made = Mapping[Table, Sequence[Tally | KeyTally]]


def refresh() -> datetime | None:
    """Count what has changed, unless it was counted a moment ago.

    Return when it was last counted, or None while older hours have not been counted at all.
    """
    count, now = latest()
    if count.complete_at and abs(now - count.complete_at) < rest(count.took):
        return count.complete_at
    begin = time.monotonic()
    until = begin + MOST_SECONDS
    if count.counted_at is None:
        count.remaining = newest_end()
    else:
        dirty = changed(count.counted_at, now)
        for hours in batched(dirty, HOURS_AT_ONCE):
            if time.monotonic() > until or not recount(hours, count):
                return count.complete_at  # more remains, or another process is counting
        count.checked = check_next(count, now, besides=dirty)
    while count.remaining is not None and time.monotonic() < until:
        if not count_older(count):
            return None  # another process is counting
    count.counted_at = now
    rows = Count.objects.using(using()).filter(pk=count.pk, version=count.version)
    took = time.monotonic() - begin
    rows.update(counted_at=now, took=took, checked=count.checked, remaining=count.remaining)
    return count.complete_at


def rest(took: float) -> timedelta:
    """Return how long to wait after a count that took this many seconds."""
    return min(max(EVERY, timedelta(seconds=REST * took)), LONGEST_REST)


def latest() -> tuple[Count, datetime]:
    """How far the tallies have come, and the database's time."""
    rows = Count.objects.using(using()).annotate(now=Now())
    found = rows.filter(pk=1).first()
    if found is None:
        Count.objects.using(using()).get_or_create(pk=1)
        found = rows.get(pk=1)
    return found, found.now


def newest_end(before: int | None = None) -> int | None:
    """Return the end of the newest hour that has something to count, or of the newest before this time."""
    ends = []
    for rows, field in ((events(), "event_time"), (pruned_tallies(), "start")):
        earlier = rows if before is None else rows.filter(**{f"{field}__lt": before})
        newest = earlier.order_by(f"-{field}").values_list(field, flat=True).first()
        if newest is not None:
            ends.append(newest - newest % HOUR + HOUR)
    return max(ends, default=None)


def count_older(count: Count) -> bool:
    """Count a few of the hours that remain. False if another process wrote tallies meanwhile."""
    end = newest_end(count.remaining)
    if end is not None:
        start = end - HOURS_AT_ONCE * HOUR
        found = events().filter(event_time__gte=start, event_time__lt=end).annotate(start=HOUR_OF_EVENT)
        pruned = pruned_tallies().filter(start__gte=start, start__lt=end)
        places = {place for rows in (found, pruned) for place in rows.order_by().values_list(*PLACE).distinct()}
        if not all(recount(hours, count) for hours in batched([Hour(*place) for place in places], HOURS_AT_ONCE)):
            return False
        end = start
    count.remaining = end
    return True


def events() -> QuerySet[Event]:
    return Event.objects.using(using())


def pruned_tallies() -> QuerySet[Tally]:
    return Tally.objects.using(using()).filter(span=Span.PRUNED)


def changed(last_count: datetime, now: datetime) -> list[Hour]:
    """The hours whose tallies may not be right any more, the newest first."""
    since = min(last_count, now) - MARGIN  # another server's clock may be behind
    rows = events().filter(changed_at__gt=since).annotate(start=HOUR_OF_EVENT)
    found = latest_by_hour(pruned_tallies().filter(counted_at__gt=since), "counted_at")
    for hour, last in latest_by_hour(rows, "changed_at").items():
        found[hour] = max(last, found.get(hour, last))
    counted = counted_at(found)
    dirty = [hour for hour, last in found.items() if hour not in counted or is_behind(counted[hour], last, now)]
    return sorted(dirty, key=lambda hour: -hour.start)


def latest_by_hour(rows: QuerySet[Any], field: str) -> dict[Hour, datetime]:
    found = rows.values_list("pixel_id", "start").annotate(last=Max(field)).order_by()
    return {Hour(pixel_id, start): last for pixel_id, start, last in found}


def is_behind(counted: datetime, last: datetime, now: datetime) -> bool:
    """Something has changed since; or the last change is long enough ago for all others to be visible by now."""
    return counted <= last or counted < last + MARGIN <= now


def counted_at(hours: Iterable[Hour]) -> dict[Hour, datetime]:
    starts = [hour.start for hour in hours]
    if not starts:
        return {}
    rows = Tally.objects.using(using()).filter(span=Span.HOUR, start__range=(min(starts), max(starts)))
    return latest_by_hour(rows, "counted_at")


def check_next(count: Count, now: datetime, *, besides: Collection[Hour]) -> int:
    """Verify one further hour, a later one each time, unless it has just been counted. Return its start."""
    rows = events().order_by("event_time").values_list("event_time", flat=True)
    event_time = rows.filter(event_time__gte=count.checked + HOUR).first() or rows.first() or 0
    start = event_time - event_time % HOUR
    if any(hour.start == start for hour in besides):
        return start  # reading it for other pixels would take as long
    pixels = events().filter(event_time__range=(start, start + HOUR - 1)).order_by()
    hours = {Hour(pixel_id, start) for pixel_id in pixels.values_list("pixel_id", flat=True).distinct()}
    recount(wrong(hours, now), count)
    return start


def wrong(hours: Collection[Hour], now: datetime) -> list[Hour]:
    """Return the hours whose tallies are not what a count finds now."""
    made = tallies_of(hours, now) if hours else {}
    return [hour for hour in hours if not all(is_stored(table, hour, made[table]) for table in TABLES)]


def is_stored(table: Table, hour: Hour, made: Sequence[Tally | KeyTally]) -> bool:
    names = (*table.states, *table.figures)
    stored = table.rows().filter(among([hour]), span=Span.HOUR).values_list(*names)
    of_hour = (row for row in made if (row.pixel_id, row.start) == (hour.pixel_id, hour.start))
    return {tuple(getattr(row, name) for name in names) for row in of_hour} == set(stored)


def recount(hours: Collection[Hour], count: Count) -> bool:
    """Replace the tallies of these hours, and of their days. False if another process wrote tallies meanwhile."""
    if not hours:
        return True
    _, now = latest()
    made = tallies_of(hours, now)
    days = {Hour(hour.pixel_id, hour.start - hour.start % DAY) for hour in hours}
    with transaction.atomic(using=using()):
        if not raise_version(count):
            return False
        for table in TABLES:
            outdated = Q(among(hours), span=Span.HOUR) | Q(among(days), span=Span.DAY)
            table.rows().filter(outdated)._raw_delete(using())
            table.rows().bulk_create(made[table])
            sum_up(table, days)
    return True


def raise_version(count: Count) -> bool:
    """Take the right to write tallies until the end of the transaction."""
    rows = Count.objects.using(using()).filter(pk=count.pk, version=count.version)
    count.version += 1
    return bool(rows.update(version=count.version))


def tallies_of(hours: Collection[Hour], now: datetime) -> Made:
    """Their rows, and what pruning has taken of them."""
    found = grouped(events().filter(within(hours)))
    return {table: made_of(table, Span.HOUR, [*found, *gone(table, hours)], now) for table in TABLES}


def gone(table: Table, hours: Collection[Hour]) -> QuerySet[Any, dict[str, Any]]:
    """What these hours have lost to pruning."""
    rows = table.rows().filter(among(hours), span=Span.PRUNED)
    return rows.values(*PLACE, *table.states, *table.figures)


def sum_up(table: Table, days: Collection[Hour]) -> None:
    """Insert the sums of the days' hours, without reading them here: a day has thousands."""
    quoted = connections[using()].ops.quote_name
    name = quoted(table.model._meta.db_table)
    day = f"{quoted('start')} - {quoted('start')} %% {DAY}"
    same = ["pixel_id", *table.states]
    taken = [*same, *(f"SUM({figure})" for figure in table.figures), "MAX(counted_at)"]
    one_day = f"(pixel_id = %s AND {quoted('start')} BETWEEN %s AND %s)"
    statement = (
        f"INSERT INTO {name} (span, {quoted('start')}, {', '.join((*same, *table.figures))}, counted_at) "  # noqa: S608  # names only
        f"SELECT {Span.DAY:d}, {day}, {', '.join(taken)} FROM {name} "
        f"WHERE span = {Span.HOUR:d} AND ({' OR '.join([one_day] * len(days))}) GROUP BY {day}, {', '.join(same)}"
    )
    with connections[using()].cursor() as cursor:
        cursor.execute(statement, [value for at in days for value in (at.pixel_id, at.start, at.start + DAY - 1)])


@retried
def remove(rows: QuerySet[Event]) -> int:
    """Delete these events, and keep their counts; how many they were."""
    rows = rows.using(using())
    found = list(rows.values_list("pk", flat=True))
    if not found:
        return 0
    count, now = latest()
    with transaction.atomic(using=using()):
        Count.objects.using(using()).filter(pk=count.pk).update(version=F("version") + 1)
        still = rows.filter(PkIn(found)).select_for_update().order_by("pk")
        pks = list(still.values_list("pk", flat=True))
        going = events().filter(pk__in=pks)
        counted = grouped(going)
        for table in TABLES:
            outlive(table, counted, now)
        going._raw_delete(using())
    return len(pks)


def outlive(table: Table, going: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Add them to what their hours have lost already."""
    hours = {Hour(row["pixel_id"], row["start"]) for row in going}
    if hours:
        made = made_of(table, Span.PRUNED, [*gone(table, hours), *going], now)
        table.rows().filter(among(hours), span=Span.PRUNED)._raw_delete(using())
        table.rows().bulk_create(made)
