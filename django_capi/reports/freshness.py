"""What is due, since when, and which pixels are paused, with two queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min

from django_capi.database.alias import using
from django_capi.models import Event, Lane

LATE_AFTER = timedelta(minutes=5)  # a nudge takes a second and the sweep half a minute


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
    """What delivery would take up now: due, not past its deadline, and with consent. Not asked of a replica."""
    waiting = Event.objects.using(using()).due(now).aggregate(due=Count("pk"), oldest=Min("due_at"))
    paused = Lane.objects.using(using()).filter(paused_until__gt=now).order_by("paused_until", "pk")
    return Backlog(
        due=waiting["due"],
        waited=now - waiting["oldest"] if waiting["oldest"] else None,
        pauses=tuple(
            Pause(pixel_id=lane.pixel_id, until=lane.paused_until, reason=lane.pause_reason)
            for lane in paused
            if lane.paused_until
        ),
    )
