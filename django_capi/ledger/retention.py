"""End events past their deadline, shed page views from a backlog, and remove old rows and payloads."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from django_capi.clock import Now
from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.database.keys import batched
from django_capi.database.ranges import RANGE, delete_in_parts, pause_for_others, ranges
from django_capi.database.retry import retried
from django_capi.ledger import erasure, tallies
from django_capi.ledger.store import AGE_LIMIT
from django_capi.models import Batch, Event, Rank, Snapshot, Status, Withdrawal
from django_capi.models.querysets import EventQuerySet

logger = logging.getLogger("django_capi")

# An event can be sent for so long after its consent was given, and a kept visitor stays for RETENTION_DAYS.
LONGEST_WAIT: Final = max(AGE_LIMIT.values())
SHED: Final = (Rank.MIRRORED, Rank.PAGE_VIEW)


def expire() -> int:
    """Pending events past their deadline end here: one of them would fail its whole request."""
    return sum(
        finish(
            waiting().filter(pixel_id=pixel_id, rank=rank, deadline__lte=Now()),
            Status.EXPIRED,
            "Not delivered before its deadline.",
        )
        for pixel_id in waiting().order_by().values_list("pixel_id", flat=True).distinct()
        for rank in Rank.values
    )


def shed(pixel_id: str) -> int:
    """Above BACKLOG_LIMIT waiting events, end the oldest mirrored events, then the oldest page views, nothing else."""
    rows = waiting().filter(pixel_id=pixel_id)
    if rows[: conf.BACKLOG_LIMIT + 1].count() <= conf.BACKLOG_LIMIT:
        return 0
    excess = rows.count() - conf.BACKLOG_LIMIT
    ended = 0
    for rank in SHED:
        oldest = rows.filter(rank=rank).order_by("deadline", "pk")[: excess - ended]
        ended += finish(oldest, Status.EXPIRED, "Shed: too many events waited.", payload="")
    logger.warning(
        "Pixel %s: %d mirrored events and page views were shed, more than %d events waited.",
        pixel_id,
        ended,
        conf.BACKLOG_LIMIT,
    )
    return ended


def waiting() -> EventQuerySet:
    return Event.objects.using(using()).pending()


def finish(rows: QuerySet[Event], status: Status, reason: str, **changes: object) -> int:
    """End them without their being sent. Their keys are read first, which waits for nobody."""
    changes |= {"status": status, "error_reason": reason, "changed_at": Now(), "finished_at": Now()}
    return sum(end(pks, changes) for pks in batched(list(rows.values_list("pk", flat=True)), RANGE))


@retried
def end(pks: Sequence[int], changes: Mapping[str, object]) -> int:
    return Event.objects.using(using()).pending_by_pk(pks).update(**changes)


def prune() -> int:
    """Drop texts after PAYLOAD_DAYS and finished rows after RETENTION_DAYS, a key range at a time."""
    now = timezone.now()
    finished = Event.objects.using(using()).exclude(status=Status.PENDING)
    text_limit = now - timedelta(days=conf.PAYLOAD_DAYS)
    row_limit = now - timedelta(days=conf.RETENTION_DAYS)
    old = finished.filter(event_time__lte=int(max(text_limit, row_limit).timestamp()))
    removed = 0
    for part in ranges(finished, last=old.order_by("-event_time").values_list("pk", flat=True).first()):
        gone = tallies.remove(part.filter(finished_at__lte=row_limit))
        emptied = drop_texts(part.filter(finished_at__lte=text_limit).exclude(payload="").not_resendable())
        removed += gone
        pause_for_others(gone + emptied)
    # A request's row goes a day after its events: their pages name it.
    delete_in_parts(Batch.objects.using(using()).filter(finished_at__lte=row_limit - timedelta(days=1)))
    delete_in_parts(Snapshot.objects.using(using()).filter(created_at__lte=row_limit))
    erasure.strip_snapshots()
    while erasure.end_events(erasure.MOST):
        pass  # all of them: a pass of delivery does not see what a long transaction commits after it
    # Later than anything that they may be about.
    outlived = min(row_limit, now - LONGEST_WAIT) - timedelta(days=1)
    delete_in_parts(Withdrawal.objects.using(using()).filter(withdrawn_at__lte=outlived))
    return removed


@retried
def drop_texts(rows: QuerySet[Event]) -> int:
    return rows.update(payload="")
