"""Count the events of each hour by the state of their two copies, in tallies that outlive the rows.

An hour is recounted as a whole and never added to, so that neither a crash nor a second process can make it wrong.
Rows that are about to be pruned are counted separately, in the transaction that deletes them. Days are sums of hours.

A row that was written in a long transaction becomes visible after its hour has been counted. An hour is therefore
counted once more some time after its last change, and each count also checks one hour that has not changed.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, F, IntegerField, Max, Q, QuerySet, Sum, Value, When
from django.db.models import Count as CountOf
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from django_capi.clock import Now, SecondsBucket
from django_capi.database.alias import using
from django_capi.database.keys import PkIn, batched
from django_capi.database.retry import retried
from django_capi.ledger.store import VALUE_STEP
from django_capi.models import Count, Event, Span, Status, Tally

HOUR: Final = 3600  # seconds
DAY: Final = 24 * HOUR
EVERY: Final = timedelta(seconds=5)  # between two counts
MARGIN: Final = timedelta(minutes=2)  # the longest a transaction is expected to last
MOST_SECONDS: Final = 5.0  # of a count; what is left is counted the next time
HOURS_AT_ONCE: Final = 12  # in one transaction

PLACE: Final = ("pixel_id", "start")
STATES: Final = ("event_name", "status", "browser_state", "currency", "reason")
WITH_REASON: Final = (Status.REJECTED, Status.EXPIRED)  # whose reasons are one of a few
# The states of a tally that are not columns of an event under the same name, or not always.
COMPUTED: Final[Mapping[str, Combinable]] = {
    "currency": Coalesce("currency", Value("")),
    "reason": Case(When(status__in=WITH_REASON, then=F("error_reason")), default=Value("")),
}
KEYS: Final = {
    "fbp": ("browser_fbp", "server_fbp"),
    "external_id": ("browser_external_id", "server_external_id"),
}
# From the event to Meta's answer: the longest time that each counts, in seconds. None: without limit.
DELAYS: Final[Mapping[str, int | None]] = {
    "delay_1s": 1,
    "delay_10s": 10,
    "delay_1m": 60,
    "delay_5m": 300,
    "delay_1h": HOUR,
    "delay_2h": 2 * HOUR,
    "delay_1d": DAY,
    "delay_longer": None,
}


def figures() -> dict[str, CountOf | Sum]:
    """Return what is counted of the rows in one state."""
    found: dict[str, CountOf | Sum] = {"events": CountOf("pk"), "shared_ids": CountOf("pk", filter=Q(shared_id=True))}
    for key, (browser, server) in KEYS.items():
        in_browser, in_server = ~Q(**{browser: ""}), ~Q(**{server: ""})
        found[f"{key}_browser"] = CountOf("pk", filter=in_browser)
        found[f"{key}_server"] = CountOf("pk", filter=in_server)
        found[f"{key}_pairs"] = CountOf("pk", filter=in_browser & in_server)
        found[f"{key}_equal"] = CountOf("pk", filter=in_browser & in_server & Q(**{browser: F(server)}))
    found["of_value"] = Sum("value")
    return found


def delay() -> Case:
    """Return the place of the event's delay in DELAYS; -1 if Meta has not accepted it. Rows are grouped by it."""
    limits = [limit for limit in DELAYS.values() if limit is not None]
    return Case(
        When(
            status=Status.ACCEPTED, finished_at__isnull=False, then=SecondsBucket("finished_at", "event_time", limits)
        ),
        default=Value(-1),
        output_field=IntegerField(),
    )


FIGURES: Final = (*(name for name in figures() if name != "of_value"), "value", *DELAYS)
NONE_COUNTED: Final[Mapping[str, int | Decimal]] = {**dict.fromkeys(FIGURES, 0), "value": Decimal(0)}
HOUR_OF_EVENT: Final = F("event_time") - F("event_time") % HOUR


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of one pixel, or its first one of a day."""

    pixel_id: str
    start: int  # Unix seconds


def refresh() -> datetime | None:
    """Count what has changed, unless it was counted a moment ago. Return when it was last counted, or None."""
    count, now = latest()
    if count.counted_at and abs(now - count.counted_at) < EVERY:
        return count.counted_at
    until = time.monotonic() + MOST_SECONDS
    for hours in batched(changed(count, now), HOURS_AT_ONCE):
        if time.monotonic() > until or not recount(hours, count):
            return count.counted_at  # more remains, or another process is counting
    checked = check_next(count, now)
    Count.objects.using(using()).filter(pk=count.pk, version=count.version).update(counted_at=now, checked=checked)
    return now


def latest() -> tuple[Count, datetime]:
    """How far the tallies have come, and the database's time."""
    rows = Count.objects.using(using()).annotate(now=Now())
    found = rows.filter(pk=1).first()
    if found is None:
        Count.objects.using(using()).get_or_create(pk=1)
        found = rows.get(pk=1)
    return found, found.now


def changed(count: Count, now: datetime) -> list[Hour]:
    """The hours whose tallies may not be right any more, the newest first."""
    rows = Event.objects.using(using()).annotate(start=HOUR_OF_EVENT)
    pruned = Tally.objects.using(using()).filter(span=Span.PRUNED)
    if count.counted_at:
        since = min(count.counted_at, now) - MARGIN  # another server's clock may be behind
        rows = rows.filter(changed_at__gt=since)
        pruned = pruned.filter(counted_at__gt=since)
    found = latest_by_hour(pruned, "counted_at")
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


def check_next(count: Count, now: datetime) -> int:
    """Return the start of one further hour to verify, a later one each time."""
    rows = Event.objects.using(using()).order_by("event_time").values_list("event_time", flat=True)
    event_time = rows.filter(event_time__gte=count.checked + HOUR).first() or rows.first() or 0
    start = event_time - event_time % HOUR
    pixels = Event.objects.using(using()).filter(event_time__range=(start, start + HOUR - 1)).order_by()
    hours = [Hour(pixel_id, start) for pixel_id in pixels.values_list("pixel_id", flat=True).distinct()]
    recount([hour for hour in hours if not is_right(hour, now)], count)
    return start


def is_right(hour: Hour, now: datetime) -> bool:
    names = (*STATES, *FIGURES)
    stored = Tally.objects.using(using()).filter(among([hour]), span=Span.HOUR).values_list(*names)
    return {tuple(getattr(row, name) for name in names) for row in tallies_of([hour], now)} == set(stored)


def recount(hours: Collection[Hour], count: Count) -> bool:
    """Replace the tallies of these hours, and of their days. False if another process wrote tallies meanwhile."""
    if not hours:
        return True
    _, now = latest()
    made = tallies_of(hours, now)
    with transaction.atomic(using=using()):
        if not raise_version(count):
            return False
        replace(Span.HOUR, hours, made)
        days = {Hour(hour.pixel_id, hour.start - hour.start % DAY) for hour in hours}
        replace(Span.DAY, days, sums_of(days, now))
    return True


def raise_version(count: Count) -> bool:
    """Take the right to write tallies until the end of the transaction."""
    rows = Count.objects.using(using()).filter(pk=count.pk, version=count.version)
    count.version += 1
    return bool(rows.update(version=count.version))


def replace(span: Span, places: Iterable[Hour], made: Sequence[Tally]) -> None:
    rows = Tally.objects.using(using())
    rows.filter(among(places), span=span)._raw_delete(using())
    rows.bulk_create(made)


def among(places: Iterable[Hour]) -> Q:
    """The tallies that start there."""
    return reduce(or_, (Q(start=place.start, pixel_id=place.pixel_id) for place in places))


def within(places: Iterable[Hour], field: str, seconds: int) -> Q:
    """The rows whose field lies in one of these whiles."""
    whiles = (Q(**{"pixel_id": at.pixel_id, f"{field}__range": (at.start, at.start + seconds - 1)}) for at in places)
    return reduce(or_, whiles)


def tallies_of(hours: Collection[Hour], now: datetime) -> list[Tally]:
    """Their rows, and what pruning has taken of them."""
    rows = Event.objects.using(using()).filter(within(hours, "event_time", HOUR))
    gone = Tally.objects.using(using()).filter(among(hours), span=Span.PRUNED)
    return made_of(Span.HOUR, [*grouped(rows), *gone.values(*PLACE, *STATES, *FIGURES)], now)


def grouped(rows: QuerySet[Event]) -> Iterator[dict[str, Any]]:
    """Return the figures of these rows, by hour and state. Test events are not counted."""
    columns = [name for name in STATES if name not in COMPUTED]
    computed = {f"of_{name}": expression for name, expression in COMPUTED.items()}
    by_hour = rows.filter(test_event_code="").annotate(start=HOUR_OF_EVENT)
    found = by_hour.values(*PLACE, *columns, of_delay=delay(), **computed).annotate(**figures()).order_by()
    for row in found:
        made = {**NONE_COUNTED, **row, "value": row["of_value"] or Decimal(0)}
        made |= {name: row[f"of_{name}"] for name in COMPUTED}
        if row["of_delay"] >= 0:
            made[tuple(DELAYS)[row["of_delay"]]] = row["events"]
        yield made


def sums_of(days: Collection[Hour], now: datetime) -> list[Tally]:
    hours = Tally.objects.using(using()).filter(within(days, "start", DAY), span=Span.HOUR)
    found = hours.values(*PLACE, *STATES, *FIGURES)
    return made_of(Span.DAY, ({**row, "start": row["start"] - row["start"] % DAY} for row in found), now)


def made_of(span: Span, found: Iterable[Mapping[str, Any]], now: datetime) -> list[Tally]:
    """One tally a state, those of one place and state added up."""
    made: dict[tuple[Any, ...], Tally] = {}
    for row in found:
        state = {name: row[name] for name in (*PLACE, *STATES)}
        tally = made.setdefault(tuple(state.values()), Tally(span=span, counted_at=now, **state, **NONE_COUNTED))
        for name in FIGURES:
            setattr(tally, name, getattr(tally, name) + row[name])
    for tally in made.values():
        tally.value = tally.value.quantize(VALUE_STEP)  # SQLite's sums are not decimal
    return list(made.values())


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
        going = Event.objects.using(using()).filter(pk__in=pks)
        outlive(list(grouped(going)), now)
        going._raw_delete(using())
    return len(pks)


def outlive(going: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Add them to what their hours have lost already."""
    hours = {Hour(row["pixel_id"], row["start"]) for row in going}
    if hours:
        gone = Tally.objects.using(using()).filter(among(hours), span=Span.PRUNED)
        found = [*gone.values(*PLACE, *STATES, *FIGURES), *going]
        replace(Span.PRUNED, hours, made_of(Span.PRUNED, found, now))
