"""Time and wishes come in: events past their deadline expire, withdrawn ones are kept back, old rows go."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db.models import Min
from django.utils import timezone

from django_capi.conf import conf
from django_capi.ledger.store import digest, using
from django_capi.models import Event, Snapshot, Status

RANGE = 1000  # rows in a step: the longest that a checkout may have to wait for
PAUSE = 0.01  # seconds between two steps


def expire() -> int:
    """Pending events past their deadline end here: one of them would fail its whole request."""
    now = timezone.now()
    overdue = Event.objects.using(using()).filter(status=Status.PENDING, deadline__lte=now)
    return overdue.update(status=Status.EXPIRED, finished_at=now, error_reason="Not delivered before its deadline.")


def withdraw(*, fbp: str | None) -> int:
    """A visitor took the consent back: what still waits is never sent, and its text goes."""
    if not fbp:
        return 0
    waiting = Event.objects.using(using()).filter(status=Status.PENDING, server_fbp=digest(fbp))
    return waiting.update(
        status=Status.WITHDRAWN, finished_at=timezone.now(), payload="", error_reason="The visitor withdrew consent."
    )


def prune() -> int:
    """Drop texts after PAYLOAD_DAYS and finished rows after RETENTION_DAYS, a key range at a time."""
    now = timezone.now()
    finished = Event.objects.using(using()).exclude(status=Status.PENDING)
    text_limit = now - timedelta(days=conf.PAYLOAD_DAYS)
    row_limit = now - timedelta(days=conf.RETENTION_DAYS)
    first = finished.aggregate(first=Min("pk"))["first"]
    last = finished.filter(created_at__lte=text_limit).order_by("-created_at").values_list("pk", flat=True).first()
    removed = 0
    for low in range(first or 0, (last or -1) + 1, RANGE):
        part = finished.filter(pk__gte=low, pk__lt=low + RANGE)
        removed += part.filter(finished_at__lte=row_limit)._raw_delete(using())  # nothing points at a row
        part.filter(finished_at__lte=text_limit).exclude(payload="").update(payload="")
        time.sleep(PAUSE)
    Snapshot.objects.using(using()).filter(created_at__lte=row_limit).delete()
    return removed
