"""Changed rows come in; how many events of each hour are in which state goes out, and outlives the rows.

An hour is counted anew as a whole and never added to, so a crash or a second counter cannot make it wrong. What is
about to be pruned is counted apart, with its deletion in one transaction. Days are sums of their hours.

A row that was written in a long transaction becomes visible after its hour has been counted. An hour is therefore
counted once more some time after its last change, and each time one hour in turn is looked at unasked.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, Final

from django.db import transaction
from django.db.models import Count as CountOf
from django.db.models import F, Max, Q, QuerySet

from django_capi.clock import Now
from django_capi.database.alias import using
from django_capi.database.keys import PkIn
from django_capi.database.retry import retried
from django_capi.models import Count, Event, Span, Tally

HOUR: Final = 3600  # seconds
DAY: Final = 24 * HOUR
EVERY: Final = timedelta(seconds=5)  # between two counts
MARGIN: Final = timedelta(minutes=2)  # the longest a transaction is expected to last
MOST_SECONDS: Final = 5.0  # of a count; what is left is counted the next time
HOURS_AT_ONCE: Final = 12  # in one transaction

PLACE: Final = ("pixel_id", "start")
STATES: Final = ("event_name", "status", "browser_state")
KEYS: Final = {
    "fbp": ("browser_fbp", "server_fbp"),
    "external_id": ("browser_external_id", "server_external_id"),
}


def figures() -> dict[str, CountOf]:
    """What is counted of the rows in one state."""
    found = {"events": CountOf("pk"), "shared_ids": CountOf("pk", filter=Q(shared_id=True))}
    for key, (browser, server) in KEYS.items():
        in_browser, in_server = ~Q(**{browser: ""}), ~Q(**{server: ""})
        found[f"{key}_browser"] = CountOf("pk", filter=in_browser)
        found[f"{key}_server"] = CountOf("pk", filter=in_server)
        found[f"{key}_pairs"] = CountOf("pk", filter=in_browser & in_server)
        found[f"{key}_equal"] = CountOf("pk", filter=in_browser & in_server & Q(**{browser: F(server)}))
    return found


FIGURES: Final = tuple(figures())
HOUR_OF_EVENT: Final = F("event_time") - F("event_time") % HOUR


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of one pixel, or its first one of a day."""

    pixel_id: str
    start: int  # Unix seconds


def refresh() -> datetime | None:
    """Count what has changed, unless somebody has done so a moment ago; when that was. None: never yet."""
    count, now = latest()
    if count.counted_at and abs(now - count.counted_at) < EVERY:
        return count.counted_at
    until = time.monotonic() + MOST_SECONDS
    for hours in batched(changed(count, now)):
        if time.monotonic() > until or not recount(hours, count):
            return count.counted_at  # there is more than that, or somebody else is counting
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


def batched(hours: Sequence[Hour]) -> Iterator[Sequence[Hour]]:
    for first in range(0, len(hours), HOURS_AT_ONCE):
        yield hours[first : first + HOURS_AT_ONCE]


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
    """Look at one hour though nothing says that it has changed, the next time at the one after it; where it starts."""
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
    """Replace the tallies of these hours, and of their days. False when somebody else wrote tallies meanwhile."""
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
    """Whoever succeeds is the only one to write tallies until the end of the transaction."""
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


def grouped(rows: QuerySet[Event]) -> Iterable[dict[str, Any]]:
    """Test events are not counted."""
    by_hour = rows.filter(test_event_code="").annotate(start=HOUR_OF_EVENT).values(*PLACE, *STATES)
    found: Iterable[dict[str, Any]] = by_hour.annotate(**figures()).order_by()
    return found


def sums_of(days: Collection[Hour], now: datetime) -> list[Tally]:
    hours = Tally.objects.using(using()).filter(within(days, "start", DAY), span=Span.HOUR)
    found = hours.values(*PLACE, *STATES, *FIGURES)
    return made_of(Span.DAY, ({**row, "start": row["start"] - row["start"] % DAY} for row in found), now)


def made_of(span: Span, found: Iterable[Mapping[str, Any]], now: datetime) -> list[Tally]:
    """One tally a state, those of one place and state added up."""
    made: dict[tuple[Any, ...], Tally] = {}
    for row in found:
        state = {name: row[name] for name in (*PLACE, *STATES)}
        tally = made.setdefault(
            tuple(state.values()), Tally(span=span, counted_at=now, **state, **dict.fromkeys(FIGURES, 0))
        )
        for name in FIGURES:
            setattr(tally, name, getattr(tally, name) + row[name])
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
