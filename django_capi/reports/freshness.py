"""What is due, since when, and which pixels are paused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Min, Q

from django_capi.consent import Consent
from django_capi.database.alias import using
from django_capi.models import Event, Lane, Rank

LATE_AFTER = timedelta(minutes=5)  # a nudge takes a second and the sweep half a minute
FIRST: Final = 500  # events of a pixel and rank among which the one that has waited longest is sought


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """A pixel that nothing is sent for, until when and why."""

    pixel_id: str
    until: datetime
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """Events that could be sent now, how long the oldest has waited, and what is paused."""

    due: int
    waited: timedelta | None
    pauses: tuple[Pause, ...]

    @property
    def is_late(self) -> bool:
        return self.waited is not None and self.waited >= LATE_AFTER


def backlog(*, now: datetime) -> Backlog:
    """What delivery would take up now: due, not past its deadline, and with consent. Two queries, not of a replica."""
    waiting = Event.objects.using(using()).due(now).aggregate(due=Count("pk"), oldest=Min("due_at"))
    paused = Lane.objects.using(using()).filter(paused_until__gt=now).order_by("paused_until", "pk")
    longest = {lane.pixel_id: lane for lane in paused}
    return Backlog(
        due=waiting["due"],
        waited=now - waiting["oldest"] if waiting["oldest"] else None,
        pauses=tuple(
            Pause(pixel_id=lane.pixel_id, until=lane.paused_until, reason=lane.pause_reason)
            for lane in longest.values()
            if lane.paused_until
        ),
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
