"""Check how long events have waited, and whether a worker delivers them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils import timezone

from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.doctor.finding import Finding, counted, fail, ok, warn
from django_capi.models import Event, Lane
from django_capi.reports import health
from django_capi.reports.freshness import LATE_AFTER, Backlog, backlog

SILENT_AFTER = timedelta(minutes=15)  # longer than any usual interval of delivery

START = (
    "Start a Celery worker and beat with the schedule of django_capi.deliver, or keep manage.py capi_deliver --watch "
    "running."
)
RESTART = (
    "Check that the process runs and consumes the right queue and database, and restart it. manage.py capi_deliver "
    "sends pending events at once."
)


def examine_backlog() -> Iterator[Finding]:
    found = backlog(now=timezone.now())
    if found.is_late:
        yield fail(
            "backlog", f"{backlog_sentence(found)} This is late.", "See the findings on the worker and on pauses."
        )
    else:
        yield ok("backlog", backlog_sentence(found))
    for pause in found.pauses:
        yield warn(
            "pause",
            f"Pixel {pause.pixel_id} is paused until {pause.until:%Y-%m-%d %H:%M:%S} UTC. {pause.reason}",
            "Fix the cause, then resume it in the admin or with manage.py capi_deliver --resume; "
            "otherwise it is tried again at that time.",
        )


def backlog_sentence(found: Backlog) -> str:
    return f"{due_sentence(found)}{put_off_sentence(found)}"


def due_sentence(found: Backlog) -> str:
    if found.overdue is None:
        return "No event is due."
    at_least = "At least " if found.is_cut else ""
    return f"{at_least}{counted(found.due, 'event waits', 'events wait')}, the oldest for {duration(found.overdue)}."


def put_off_sentence(found: Backlog) -> str:
    if not (found.put_off and found.waited is not None):
        return ""
    number = counted(found.put_off, "event is", "events are")
    stored = f"the oldest pending event was stored {duration(found.waited)} ago"
    return f" {number} put off, the next until {found.next_try:%Y-%m-%d %H:%M:%S} UTC; {stored}."


def examine() -> Iterator[Finding]:
    """Check the lanes of each pixel, where every pass of a worker is recorded."""
    now = timezone.now()
    oldest = oldest_due(now)
    lanes = health.lanes()
    configured = {pixel.pixel_id for pixel in conf.pixels().values()}
    for pixel_id in sorted(configured):
        yield lane_finding(pixel_id, lanes.get(pixel_id), oldest.get(pixel_id, (0, now))[1], now)
    for pixel_id in sorted(oldest.keys() - configured):
        yield warn(
            "worker",
            f"{counted(oldest[pixel_id][0], 'event waits', 'events wait')} for pixel {pixel_id}, "
            "which is no longer in CAPI: they are not sent.",
            "Put the pixel back into CAPI until they are sent; otherwise they expire at their deadline.",
        )


def oldest_due(now: datetime) -> dict[str, tuple[int, datetime]]:
    """Return the number of due events and the time of the oldest, by pixel."""
    rows = Event.objects.using(using()).due(now).values("pixel_id").annotate(events=Count("pk"), oldest=Min("due_at"))
    return {row["pixel_id"]: (row["events"], row["oldest"]) for row in rows}


def lane_finding(pixel_id: str, lane: Lane | None, since: datetime, now: datetime) -> Finding:
    waited = now - since
    if lane is None:
        level = fail if waited >= LATE_AFTER else warn
        return level("worker", f"No worker has ever run for pixel {pixel_id}: nothing has been sent.", START)
    if lane.lease_until and lane.lease_until > now:
        return ok("worker", f"A worker is sending for pixel {pixel_id} now.")
    is_paused = lane.paused_until is not None and lane.paused_until > now
    if waited >= LATE_AFTER and not is_paused:
        return fail(
            "worker",
            f"No worker has delivered for pixel {pixel_id} for {duration(waited)}, although events are due: "
            f"{last_activity(lane, now)}.",
            RESTART,
        )
    if lane.seen_at and now - lane.seen_at >= SILENT_AFTER and not is_paused:
        return warn(
            "worker",
            f"No worker has checked pixel {pixel_id} lately: {last_activity(lane, now)}. The next event will wait.",
            RESTART,
        )
    return ok("worker", f"Pixel {pixel_id}: {last_activity(lane, now)}.")


def last_activity(lane: Lane, now: datetime) -> str:
    checked = f"the last check by a worker was {duration(now - lane.seen_at)} ago, " if lane.seen_at else ""
    if lane.last_ok_at is None:
        return f"{checked}Meta has not accepted any event yet"
    return f"{checked}Meta last accepted events {duration(now - lane.last_ok_at)} ago"


UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def duration(span: timedelta) -> str:
    """
    Return a time span in its largest unit.

    >>> duration(timedelta(minutes=12, seconds=30)), duration(timedelta(hours=1))
    ('12 minutes', '1 hour')
    """
    seconds = max(int(span.total_seconds()), 0)
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= size), UNITS[-1])
    return counted(seconds // size, unit, f"{unit}s")
