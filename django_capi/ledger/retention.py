"""Delete old rows, and the payloads of older ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.database.ranges import delete_in_parts, pause_for_others, ranges
from django_capi.database.retry import retried
from django_capi.ledger import erasure, tallies
from django_capi.ledger.store import AGE_LIMIT
from django_capi.models import Batch, DatasetQuality, Event, ForeignPixel, Snapshot, Status, Withdrawal

# The longest time between an event and its delivery.
LONGEST_WAIT: Final = max(AGE_LIMIT.values())


def prune() -> int:
    """Drop payloads after PAYLOAD_DAYS and final rows after RETENTION_DAYS, one key range at a time."""
    now = timezone.now()
    finished = Event.objects.using(using()).exclude(status=Status.PENDING)
    payload_limit = now - timedelta(days=conf.PAYLOAD_DAYS)
    row_limit = now - timedelta(days=conf.RETENTION_DAYS)
    old = finished.filter(event_time__lte=int(max(payload_limit, row_limit).timestamp()))
    removed = 0
    for part in ranges(finished, last=old.order_by("-event_time").values_list("pk", flat=True).first()):
        gone = tallies.remove(part.filter(finished_at__lte=row_limit))
        emptied = drop_payloads(part.filter(finished_at__lte=payload_limit).exclude(payload="").not_resendable())
        removed += gone
        pause_for_others(gone + emptied)
    # A request is deleted a day after its events, as their pages link to it.
    delete_in_parts(Batch.objects.using(using()).filter(finished_at__lte=row_limit - timedelta(days=1)))
    delete_in_parts(Snapshot.objects.using(using()).filter(created_at__lte=row_limit))
    delete_in_parts(ForeignPixel.objects.using(using()).filter(last_seen_at__lte=row_limit))
    delete_in_parts(DatasetQuality.objects.using(using()).filter(retrieved_at__lte=row_limit))
    erasure.strip_snapshots()
    while erasure.end_withdrawn_events(erasure.MOST):
        pass  # includes what long transactions committed after a pass of delivery
    # Later than any event that a withdrawal may concern.
    outlived = min(row_limit, now - LONGEST_WAIT) - timedelta(days=1)
    delete_in_parts(Withdrawal.objects.using(using()).filter(withdrawn_at__lte=outlived))
    return removed


@retried
def drop_payloads(rows: QuerySet[Event]) -> int:
    return rows.update(payload="")
