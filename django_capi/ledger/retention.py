"""Time and wishes come in: events past their deadline expire, withdrawn ones are kept back, old rows go."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Max, Min, Q, QuerySet
from django.utils import timezone

from django_capi.clock import Now
from django_capi.conf import conf
from django_capi.consent import Consent
from django_capi.ledger import tallies
from django_capi.ledger.insist import insistent
from django_capi.ledger.keys import Among, batched, pending
from django_capi.ledger.resend import RESENDABLE
from django_capi.ledger.store import digest, using
from django_capi.models import Batch, Event, Rank, Snapshot, Status
from django_capi.visitor import Visitor

logger = logging.getLogger("django_capi")

RANGE = 200  # rows in a step: the longest that a checkout may have to wait for
PAUSE = 0.01  # seconds between two steps


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
    """Above BACKLOG_LIMIT waiting events the oldest page views are given up, never anything else."""
    rows = waiting().filter(pixel_id=pixel_id)
    if rows[: conf.BACKLOG_LIMIT + 1].count() <= conf.BACKLOG_LIMIT:
        return 0
    excess = rows.count() - conf.BACKLOG_LIMIT
    oldest = rows.filter(rank=Rank.PAGE_VIEW).order_by("deadline", "pk")[:excess]
    given_up = finish(oldest, Status.EXPIRED, "Shed: too many events waited.", payload="")
    logger.warning("Pixel %s: %d page views were shed, more than %d waited.", pixel_id, given_up, conf.BACKLOG_LIMIT)
    return given_up


def withdraw(*, fbp: str | None, external_id: object = None) -> int:
    """A visitor took the consent back: what waits is never sent, and its text goes. The number of events.

    What ended without Meta having taken it keeps its reason and loses its text, so that nobody can send it again. An
    object that the visitor made and that becomes a conversion later, such as an order still to be paid, is one of
    somebody who declined from now on.
    """
    known = {"fbp": digest(fbp), "external_id": digest(external_id)}
    marks = [(key, value) for key, value in known.items() if value]
    if not marks:
        return 0
    forget_visitor(reduce(or_, (Q(**{key: value}) for key, value in marks)))
    theirs = Event.objects.using(using()).filter(reduce(or_, (Q(**{f"server_{key}": value}) for key, value in marks)))
    left = theirs.filter(may_be_resent()).exclude(payload="").values_list("pk", flat=True)
    for pks in batched(list(left), RANGE):
        drop_texts(Event.objects.using(using()).filter(Among("pk", pks)))
    return finish(theirs.filter(status=Status.PENDING), Status.WITHDRAWN, "The visitor withdrew consent.", payload="")


@insistent
def forget_visitor(made_by: Q) -> None:
    declined = Visitor(consent=Consent.DENIED).stored()
    Snapshot.objects.using(using()).filter(made_by).update(visitor=declined)


def waiting() -> QuerySet[Event]:
    return Event.objects.using(using()).filter(status=Status.PENDING)


def finish(rows: QuerySet[Event], status: Status, reason: str, **changes: object) -> int:
    """End them without their being sent. Their keys are read first, which waits for nobody."""
    changes |= {"status": status, "error_reason": reason, "changed_at": Now(), "finished_at": Now()}
    return sum(end(pks, changes) for pks in batched(list(rows.values_list("pk", flat=True)), RANGE))


@insistent
def end(pks: Sequence[int], changes: Mapping[str, object]) -> int:
    return pending(pks).update(**changes)


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
        emptied = drop_texts(part.filter(finished_at__lte=text_limit).exclude(payload="").exclude(may_be_resent()))
        removed += gone
        rest(gone + emptied)
    # A request's row goes a day after its events: their pages name it.
    drop(Batch.objects.using(using()).filter(finished_at__lte=row_limit - timedelta(days=1)))
    drop(Snapshot.objects.using(using()).filter(created_at__lte=row_limit))
    return removed


def may_be_resent() -> Q:
    """Their text is what would be sent again."""
    return Q(status__in=RESENDABLE, deadline__gt=Now())


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
