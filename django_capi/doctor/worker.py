"""The ledger as it is comes in: how long events have waited, and whether anybody delivers them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils import timezone

from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.doctor.finding import Finding, fail, ok, warn
from django_capi.models import Event, Lane
from django_capi.reports.freshness import LATE_AFTER, Backlog, backlog

SILENT_AFTER = timedelta(minutes=15)  # longer than anybody waits between two sweeps

START = (
    "Start a Celery worker and beat with the schedule of django_capi.deliver, or keep manage.py capi_deliver --watch "
    "running."
)
RESTART = (
    "Look whether the process runs and reads the right queue and database, and restart it. manage.py capi_deliver "
    "sends what waits at once."
)


def look_at_backlog() -> Iterator[Finding]:
    found = backlog(now=timezone.now())
    if found.is_late:
        yield fail("backlog", f"{waiting(found)} That is late.", "See the findings on the worker and on pauses.")
    else:
        yield ok("backlog", waiting(found))
    for pause in found.pauses:
        yield warn(
            "pause",
            f"Pixel {pause.pixel_id} is paused until {pause.until:%Y-%m-%d %H:%M:%S} UTC. {pause.reason}",
            'Mend the cause, then resume it in the admin under "Lanes"; otherwise it is tried again by itself.',
        )


def waiting(found: Backlog) -> str:
    if found.waited is None:
        return "Nothing waits to be sent."
    return f"{counted(found.due, 'event waits', 'events wait')}, the oldest for {spoken(found.waited)}."


def look() -> Iterator[Finding]:
    """Whether somebody delivers, pixel by pixel: every pass leaves its mark on the pixel's lane."""
    now = timezone.now()
    oldest = oldest_due(now)
    lanes = {lane.pixel_id: lane for lane in Lane.objects.using(using()).all()}
    configured = {pixel.pixel_id for pixel in conf.pixels().values()}
    for pixel_id in sorted(configured):
        yield heard(pixel_id, lanes.get(pixel_id), oldest.get(pixel_id, (0, now))[1], now)
    for pixel_id in sorted(oldest.keys() - configured):
        yield warn(
            "worker",
            f"{counted(oldest[pixel_id][0], 'event waits', 'events wait')} for pixel {pixel_id}, "
            "which CAPI does not name any more: nobody sends them.",
            "Put the pixel back into CAPI until they are sent; otherwise they expire at their deadline.",
        )


def oldest_due(now: datetime) -> dict[str, tuple[int, datetime]]:
    """For each pixel with events that could be sent: how many, and since when."""
    rows = Event.objects.using(using()).due(now).values("pixel_id").annotate(events=Count("pk"), oldest=Min("due_at"))
    return {row["pixel_id"]: (row["events"], row["oldest"]) for row in rows}


def heard(pixel_id: str, lane: Lane | None, since: datetime, now: datetime) -> Finding:
    waited = now - since
    if lane is None:
        level = fail if waited >= LATE_AFTER else warn
        return level("worker", f"A WORKER NEVER RAN for pixel {pixel_id}: nothing has ever been sent.", START)
    if lane.lease_until and lane.lease_until > now:
        return ok("worker", f"A worker is sending for pixel {pixel_id} right now.")
    is_paused = lane.paused_until is not None and lane.paused_until > now
    if waited >= LATE_AFTER and not is_paused:
        return fail(
            "worker",
            f"NOBODY LISTENS for pixel {pixel_id}: {last_heard(lane, now)}, but events have been left lying for "
            f"{spoken(waited)}. The worker is dead, or alive but deaf.",
            RESTART,
        )
    if lane.seen_at and now - lane.seen_at >= SILENT_AFTER and not is_paused:
        return warn(
            "worker",
            f"NOBODY LOOKS after pixel {pixel_id}: {last_heard(lane, now)}. Nothing waits yet; the next event will.",
            RESTART,
        )
    return ok("worker", f"Pixel {pixel_id}: {last_heard(lane, now)}.")


def last_heard(lane: Lane, now: datetime) -> str:
    looked = f"a worker last looked {spoken(now - lane.seen_at)} ago, " if lane.seen_at else ""
    if lane.last_ok_at is None:
        return f"{looked}Meta has not accepted anything yet"
    return f"{looked}Meta last accepted something {spoken(now - lane.last_ok_at)} ago"


UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def spoken(span: timedelta) -> str:
    """
    A span in its largest unit.

    >>> spoken(timedelta(minutes=12, seconds=30)), spoken(timedelta(hours=1))
    ('12 minutes', '1 hour')
    """
    seconds = max(int(span.total_seconds()), 0)
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= size), UNITS[-1])
    return counted(seconds // size, unit, f"{unit}s")


def counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
