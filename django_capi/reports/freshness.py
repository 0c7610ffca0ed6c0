"""What waits to be sent, for how long, and which pixels are paused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Min, Q

from django_capi.consent import Consent
from django_capi.database.alias import using
from django_capi.ledger.store import HELD
from django_capi.models import Event, Lane, Rank

LATE_AFTER = timedelta(minutes=5)  # a nudge takes a second and the sweep half a minute
FIRST: Final = 500  # events that are read, as they are found by an index


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """A pixel that nothing is sent for, until when and why."""

    pixel_id: str
    until: datetime
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """Pending events with consent, how long the oldest has waited, and what is paused.

    Only FIRST events are read, those with the oldest event times.
    """

    due: int  # could be sent now
    overdue: timedelta | None  # how long the first of these has been due; also past its deadline, until it expires
    put_off: int  # are sent again later, as Meta's servers fail at them
    next_try: datetime | None  # of the first of these
    waited: timedelta | None  # since the oldest of all was stored
    is_cut: bool  # there may be more
    pauses: tuple[Pause, ...]

    @property
    def is_late(self) -> bool:
        return self.overdue is not None and self.overdue >= LATE_AFTER


def backlog(*, now: datetime) -> Backlog:
    """Read what waits and what is paused. Two queries of bounded cost, not of a replica."""
    pending = Event.objects.using(using()).pending().order_by("event_time")[:FIRST]
    has_consent, is_due, is_kept = Q(consent__gte=Consent.LIMITED), Q(due_at__lte=now), Q(deadline__gt=now)
    is_put_off = has_consent & is_kept & Q(due_at__gt=now, due_at__lt=HELD)
    found = pending.aggregate(
        read=Count("pk"),
        due=Count("pk", filter=has_consent & is_kept & is_due),
        due_since=Min("due_at", filter=has_consent & is_due),
        put_off=Count("pk", filter=is_put_off),
        next_try=Min("due_at", filter=is_put_off),
        oldest=Min("created_at", filter=has_consent),
    )
    return Backlog(
        due=found["due"],
        overdue=now - found["due_since"] if found["due_since"] else None,
        put_off=found["put_off"],
        next_try=found["next_try"],
        waited=now - found["oldest"] if found["oldest"] else None,
        is_cut=found["read"] == FIRST,
        pauses=pauses(now),
    )


def pauses(now: datetime) -> tuple[Pause, ...]:
    """Return the longest pause of each pixel that has one, the first to end first."""
    paused = Lane.objects.using(using()).filter(paused_until__gt=now).order_by("paused_until", "pk")
    longest = {lane.pixel_id: lane for lane in paused}
    return tuple(
        Pause(pixel_id=lane.pixel_id, until=lane.paused_until, reason=lane.pause_reason)
        for lane in longest.values()
        if lane.paused_until
    )


def waits(pixel_ids: Iterable[str], *, now: datetime) -> dict[str, timedelta]:
    """Return how long the oldest due event of each pixel has waited; zero if none is due.

    It reads the events that are sent next, and so a limited number of rows however large the backlog is.
    """
    return {pixel_id: max(wait(pixel_id, rank, now) for rank in Rank) for pixel_id in pixel_ids}


def wait(pixel_id: str, rank: Rank, now: datetime) -> timedelta:
    events = Event.objects.using(using()).pending().filter(pixel_id=pixel_id, rank=rank, deadline__gt=now)
    is_due = Q(due_at__lte=now, consent__gte=Consent.LIMITED)
    oldest = events.order_by("deadline", "pk")[:FIRST].aggregate(oldest=Min("due_at", filter=is_due))["oldest"]
    return now - oldest if oldest else timedelta(0)
