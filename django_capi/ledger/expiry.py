"""End pending events that are past their deadline or too many."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _

from django_capi.clock import Now
from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.database.keys import batched
from django_capi.database.ranges import RANGE
from django_capi.database.retry import retried
from django_capi.models import Event, Rank, Status
from django_capi.models.querysets import EventQuerySet

logger = logging.getLogger("django_capi")

SHED_REASON: Final = _("Shed: too many events were pending.")
EXPIRED_REASON: Final = _("Not delivered before its deadline.")
SHED: Final = (Rank.MIRRORED, Rank.PAGE_VIEW)


def expire() -> int:
    """End pending events past their deadline, as one of them would fail its whole request."""
    return sum(
        # All ranks, so that one search of the index for each of them finds the deadlines.
        end_pending(rows.filter(rank__in=Rank.values, deadline__lte=Now()), Status.EXPIRED, EXPIRED_REASON)
        for rows in Event.objects.using(using()).by_pixel(Status.PENDING)
    )


def shed(pixel_id: str) -> int:
    """End the oldest mirrored events, then the oldest page views, above BACKLOG_LIMIT pending events."""
    rows = pending_events().filter(pixel_id=pixel_id)
    if rows[: conf.BACKLOG_LIMIT + 1].count() <= conf.BACKLOG_LIMIT:
        return 0
    excess = rows.count() - conf.BACKLOG_LIMIT
    ended = 0
    for rank in SHED:
        oldest = rows.filter(rank=rank).order_by("deadline", "pk")[: excess - ended]
        ended += end_pending(oldest, Status.EXPIRED, SHED_REASON, payload="")
    logger.warning(
        "Pixel %s: %d mirrored events and page views were shed, as more than %d events were pending.",
        pixel_id,
        ended,
        conf.BACKLOG_LIMIT,
    )
    return ended


def pending_events() -> EventQuerySet:
    return Event.objects.using(using()).pending()


def end_pending(rows: QuerySet[Event], status: Status, reason: str, **changes: object) -> int:
    """End the events without sending them. Their keys are read first, which waits for no lock."""
    changes |= {"status": status, "error_reason": reason, "changed_at": Now(), "finished_at": Now()}
    return sum(update_pending(pks, changes) for pks in batched(list(rows.values_list("pk", flat=True)), RANGE))


@retried
def update_pending(pks: Sequence[int], changes: Mapping[str, object]) -> int:
    return Event.objects.using(using()).pending_by_pk(pks).update(**changes)
