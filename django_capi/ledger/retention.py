"""Time and wishes come in: events past their deadline expire, withdrawn ones are kept back, old rows go."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Max, Min, QuerySet
from django.utils import timezone

from django_capi.clock import Now
from django_capi.conf import conf
from django_capi.ledger import tallies
from django_capi.ledger.insist import insistent
from django_capi.ledger.store import digest, using
from django_capi.models import Batch, Event, Rank, Snapshot, Status

logger = logging.getLogger("django_capi")

RANGE = 200  # rows in a step: the longest that a checkout may have to wait for
PAUSE = 0.01  # seconds between two steps


@insistent
def expire() -> int:
    """Pending events past their deadline end here: one of them would fail its whole request."""
    overdue = Event.objects.using(using()).filter(status=Status.PENDING, deadline__lte=Now())
    return overdue.update(
        status=Status.EXPIRED,
        changed_at=Now(),
        finished_at=Now(),
        error_reason="Not delivered before its deadline.",
    )


@insistent
def shed(pixel_id: str) -> int:
    """Above BACKLOG_LIMIT waiting events the oldest page views are given up, never anything else."""
    waiting = Event.objects.using(using()).filter(status=Status.PENDING, pixel_id=pixel_id)
    if waiting[: conf.BACKLOG_LIMIT + 1].count() <= conf.BACKLOG_LIMIT:
        return 0
    excess = waiting.count() - conf.BACKLOG_LIMIT
    oldest = waiting.filter(rank=Rank.PAGE_VIEW).order_by("deadline", "pk").values_list("pk", flat=True)[:excess]
    given_up = 0
    for pks in batched(list(oldest), RANGE):
        given_up += waiting.filter(pk__in=pks).update(
            status=Status.EXPIRED,
            changed_at=Now(),
            finished_at=Now(),
            payload="",
            error_reason="Shed: too many events waited.",
        )
    logger.warning("Pixel %s: %d page views were shed, more than %d waited.", pixel_id, given_up, conf.BACKLOG_LIMIT)
    return given_up


def batched(pks: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(pks), size):
        yield pks[start : start + size]


@insistent
def withdraw(*, fbp: str | None) -> int:
    """A visitor took the consent back: what still waits is never sent, and its text goes."""
    if not fbp:
        return 0
    waiting = Event.objects.using(using()).filter(status=Status.PENDING, server_fbp=digest(fbp))
    return waiting.update(
        status=Status.WITHDRAWN,
        changed_at=Now(),
        finished_at=Now(),
        payload="",
        error_reason="The visitor withdrew consent.",
    )


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
        emptied = drop_texts(part.filter(finished_at__lte=text_limit).exclude(payload=""))
        removed += gone
        rest(gone + emptied)
    # A request's row goes a day after its events: their pages name it.
    drop(Batch.objects.using(using()).filter(finished_at__lte=row_limit - timedelta(days=1)))
    drop(Snapshot.objects.using(using()).filter(created_at__lte=row_limit))
    return removed


def drop(rows: QuerySet[Any]) -> None:
    for part in ranges(rows, last=rows.aggregate(last=Max("pk"))["last"]):
        rest(remove(part))


@insistent
def remove(rows: QuerySet[Any]) -> int:
    """Nothing points at any of them."""
    return int(rows._raw_delete(using()))


@insistent
def drop_texts(rows: QuerySet[Event]) -> int:
    return rows.update(payload="")


def ranges(rows: QuerySet[Any], *, last: int | None) -> Iterator[QuerySet[Any]]:
    """The rows up to that key, a few at a time."""
    first = rows.aggregate(first=Min("pk"))["first"]
    if first is not None and last is not None:
        for low in range(first, last + 1, RANGE):
            yield rows.filter(pk__gte=low, pk__lt=low + RANGE)


def rest(changed: int) -> None:
    """Let those in who waited while so many rows were written."""
    if changed:
        time.sleep(PAUSE)
