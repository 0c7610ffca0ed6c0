"""The hours of the tallies that a page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from django_capi.ledger.tallies import DAY, HOUR
from django_capi.models import Event, Span
from django_capi.models.querysets import EventQuerySet

LONGEST: Final = 366  # days, so that a page's cost has a limit
HOURLY: Final = 2 * DAY  # a window up to this long is drawn by hours


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """From an hour on, and up to another one or without end. Unix seconds."""

    since: int
    until: int | None = None

    def tallies(self) -> Q:
        """Tallies of the whole days of UTC in it, and of the hours at its ends."""
        first_day = self.since + -self.since % DAY
        if self.until is None:
            return hours(self.since, first_day) | Q(span=Span.DAY, start__gte=first_day)
        last_day = self.until - self.until % DAY
        if last_day < first_day:
            return hours(self.since, self.until)
        days = Q(span=Span.DAY, start__gte=first_day, start__lt=last_day)
        return hours(self.since, first_day) | days | hours(last_day, self.until)

    def events(self) -> EventQuerySet:
        """The rows of its events, with those of tests."""
        rows = Event.objects.filter(event_time__gte=self.since)
        return rows if self.until is None else rows.filter(event_time__lt=self.until)

    def before(self, now: datetime) -> Window:
        """Return the window of the same length that ends where this one begins."""
        return Window(since=self.since - self.length(now), until=self.since)

    def length(self, now: datetime) -> int:
        """Return its seconds, in whole hours."""
        end = int(now.timestamp()) if self.until is None else self.until
        return max(end - end % HOUR - self.since, HOUR)

    def hourly(self) -> Q:
        """Tallies of each of its hours."""
        return hours(self.since, self.until)

    def pruned(self) -> Q:
        """Tallies of what its hours have lost."""
        found = Q(span=Span.PRUNED, start__gte=self.since)
        return found if self.until is None else found & Q(start__lt=self.until)

    def contains(self, event_time: int) -> bool:
        return self.since <= event_time and (self.until is None or event_time < self.until)

    def step(self, now: datetime) -> int:
        """Seconds between two points of a line over it."""
        return HOUR if (self.until or now.timestamp()) - self.since <= HOURLY else DAY


def hours(since: int, until: int | None) -> Q:
    found = Q(span=Span.HOUR, start__gte=since)
    return found if until is None else found & Q(start__lt=until)


def start_of(days: int, now: datetime) -> int:
    """Return the hour in which the window of this many days begins, in Unix seconds."""
    since = int(now.timestamp()) - days * DAY
    return since - since % HOUR


def last_days(days: int, now: datetime) -> Window:
    return Window(since=start_of(days, now))


def between(first: date, last: date) -> Window:
    """The days from the first to the last one, in the current time zone; of a longer time, its last LONGEST days."""
    first, last = shortened(min(first, last), max(first, last))
    return Window(since=hour_of(first), until=hour_of(last + timedelta(days=1)))


def shortened(first: date, last: date) -> tuple[date, date]:
    """Return the last LONGEST of these days, the first and the last one."""
    return max(first, last - timedelta(days=LONGEST - 1)), last


def hour_of(day: date) -> int:
    """Return the hour in which the day begins, in Unix seconds."""
    start = int(timezone.make_aware(datetime.combine(day, time.min)).timestamp())
    return start - start % HOUR
