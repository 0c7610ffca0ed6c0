"""Which events came every day and have stopped."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from django.db.models import Max, QuerySet, Sum

from django_capi.database.alias import using
from django_capi.ledger.tallies import DAY, HOUR
from django_capi.models import Span, Tally
from django_capi.reports.windows import Window, start_of

Place = tuple[str, str]  # pixel and event name

DAYS: Final = 7  # whole ones of UTC: a shop that rests on Sundays is compared with a Sunday, too
LEAST: Final = 5  # events on each of them
LONGEST: Final = 30  # days after which it is no longer said


def stopped(now: datetime, pixel_ids: Collection[str], *, besides: Collection[Place]) -> dict[Place, int]:
    """Return the whole days since the last event of each pixel and event name that has stopped.

    `besides` are those of which something is known in the last 24 hours. One query, and two more if there are others.
    """
    window = Window(since=start_of(LONGEST, now))
    last_days = last_starts(tallies(pixel_ids).filter(window.tallies()))
    quiet = {place: start - start % DAY for place, start in last_days.items() if place not in besides}
    daily = {place for place, counts in counts_before(quiet, pixel_ids).items() if is_daily(counts)}
    if not daily:
        return {}
    hours = last_starts(of_names(daily, pixel_ids).filter(Window(since=min(quiet.values())).hourly()))
    seconds = {place: int(now.timestamp()) - start - HOUR for place, start in hours.items() if place in daily}
    return {place: since // DAY for place, since in seconds.items() if since >= DAY}


def is_daily(counts: Collection[int]) -> bool:
    return len(counts) == DAYS and min(counts) >= LEAST


def counts_before(last_days: dict[Place, int], pixel_ids: Collection[str]) -> dict[Place, list[int]]:
    """Return the events of each day among the seven before the last one, without the days that had none."""
    if not last_days:
        return {}
    first, end = min(last_days.values()) - DAYS * DAY, max(last_days.values())
    days = of_names(last_days, pixel_ids).filter(span=Span.DAY, start__gte=first, start__lt=end)
    rows = days.values_list("pixel_id", "event_name", "start").annotate(events_sum=Sum("events"))
    found: dict[Place, list[int]] = {}
    for pixel_id, event_name, start, events in rows:
        last = last_days.get((pixel_id, event_name), 0)
        if last - DAYS * DAY <= start < last:
            found.setdefault((pixel_id, event_name), []).append(events)
    return found


def tallies(pixel_ids: Collection[str]) -> QuerySet[Tally]:
    return Tally.objects.using(using()).filter(pixel_id__in=pixel_ids).order_by()


def of_names(places: Iterable[Place], pixel_ids: Collection[str]) -> QuerySet[Tally]:
    return tallies(pixel_ids).filter(event_name__in={event_name for _pixel_id, event_name in places})


def last_starts(rows: QuerySet[Tally]) -> dict[Place, int]:
    found = rows.values_list("pixel_id", "event_name").annotate(last=Max("start"))
    return {(pixel_id, event_name): last for pixel_id, event_name, last in found}
