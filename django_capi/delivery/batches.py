"""Record each request of a lane and what became of it.

The intent to send is committed before the request, and its answer together with the next intent. When a worker dies,
only its last request is left without an answer: its events may have reached Meta, are counted as ambiguous and are sent
again. The requests before it are settled by their recorded answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, DateTimeField, ExpressionWrapper, F, When
from django.utils.translation import gettext_noop as _

from django_capi import signals
from django_capi.clock import Now
from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.database.keys import Equals, PkIn
from django_capi.database.retry import retried
from django_capi.delivery import lanes
from django_capi.delivery.client import Answer
from django_capi.delivery.closing import answered, close, close_open, update_batch
from django_capi.delivery.due import FIELDS, DueEvent
from django_capi.ledger import withdrawal
from django_capi.meta.verdicts import RequestOutcome
from django_capi.models import Batch, Event, Rank, Status, Withdrawal

OVERTAKEN = {
    Status.WITHDRAWN: _("The visitor withdrew consent just after it was sent."),
    Status.EXPIRED: "",
    Status.IN_DOUBT: "",
}
LONGEST_TRANSACTION = timedelta(hours=1)  # of the site, around a withdrawal
QUARANTINE_PAUSE = timedelta(hours=1)  # between two attempts for an event in quarantine
LAST_TRY = timedelta(minutes=5)  # before the deadline of an event in quarantine


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptedRequest:
    """A request that Meta accepted, with its events, whose rows are still pending."""

    rows: Sequence[DueEvent]
    batch: Batch
    answer: Answer | None  # None: recorded in the batch already


def recover(held: lanes.Claim) -> tuple[int, int]:
    """Close the batches that a dead worker left open. Return the numbers of accepted and of ambiguous events."""
    left = Batch.objects.using(using()).filter(lane_id=held.lane_id, finished_at=None, fence__lt=held.fence)
    accepted = ambiguous = 0
    for batch in left:
        if batch.outcome == RequestOutcome.ACCEPTED:
            taken = Event.objects.using(using()).filter(PkIn(batch.event_pks), status__in=(Status.PENDING, *OVERTAKEN))
            rows = [DueEvent(*row) for row in taken.values_list(*FIELDS)]
            accept(held, AcceptedRequest(rows=rows, batch=batch, answer=None))
            accepted += len(rows)
        else:
            ambiguous += abandon(batch)
    return accepted, ambiguous


@retried
def abandon(batch: Batch) -> int:
    with transaction.atomic(using=using()):
        reason = _("The worker died before it recorded an answer.")
        return count_ambiguous(batch) if close_open(batch, outcome="ambiguous", reason=reason) else 0


def intend(held: lanes.Claim, rows: Sequence[DueEvent], *, size: int, after: AcceptedRequest | None = None) -> Batch:
    """Record the intent to send these events, and renew the lease. Raise LostLane if another worker has the lane.

    The acceptance of the request before, `after`, is recorded with it; the rows of that request are settled while this
    one is in flight. A worker that claims the lane later either waits for this transaction or finds the open batch and
    counts its events.
    No row of an event is written, so that an outage does not rewrite the table.
    """
    is_repeated = False

    @retried
    def record() -> Batch:
        nonlocal is_repeated
        with transaction.atomic(using=using(), durable=True):
            if not (lanes.succeed(held) if after else lanes.renew(held)):
                raise lanes.LostLane
            if after and after.answer:
                update_batch(after.batch, **answered(after.answer, after.batch.test_event_code))
            if is_repeated:
                delete_unsent_intent(held, after)
            is_repeated = True
            return Batch.objects.using(using()).create(
                lane_id=held.lane_id,
                fence=held.fence,
                started_at=Now(),
                events=len(rows),
                size=size,
                event_pks=[row.pk for row in rows],
                test_event_code=rows[0].test_event_code,
            )

    return record()


def delete_unsent_intent(held: lanes.Claim, after: AcceptedRequest | None) -> None:
    """Delete this worker's intent whose commit was not confirmed: it may have been written, and is written again."""
    unsent = Batch.objects.using(using()).filter(lane_id=held.lane_id, fence=held.fence, finished_at=None)
    (unsent.exclude(pk=after.batch.pk) if after else unsent)._raw_delete(using())


@retried
def accept(held: lanes.Claim, sent: AcceptedRequest) -> bool:
    """Settle the events of an accepted request. False if the lane was lost: they are settled, but the worker stops."""
    changes: dict[str, object] = {
        "status": Status.ACCEPTED,
        "changed_at": Now(),
        "finished_at": Now(),
        "batch": sent.batch,
        "attempts": F("attempts") + 1,
    }
    if not conf.PAYLOAD_DAYS:
        changes["payload"] = ""
    pks = [row.pk for row in sent.rows]
    withdrawn = withdrawal.withdrawn_among(pks) if was_overtaken(sent) else []
    with transaction.atomic(using=using()):
        kept = sent.answer is None or lanes.succeed(held)
        settled = Event.objects.using(using()).pending_by_pk(pks).update(**changes)
        if settled < len(sent.rows):
            mark_overtaken(sent, changes)
        if withdrawn:
            overtaken = {"payload": "", "error_reason": OVERTAKEN[Status.WITHDRAWN]}
            Event.objects.using(using()).by_pk_in_status(withdrawn, Status.ACCEPTED).update(**overtaken)
        close(sent.batch, **(answered(sent.answer, sent.batch.test_event_code) if sent.answer else {}))
    if settled:  # otherwise the worker that took over the lane has sent the signal
        names = [(row.event_name, row.event_id) for row in sent.rows]
        signals.events_accepted.send_robust(Event, pixel_id=held.pixel_id, events=names)
    return kept


def was_overtaken(sent: AcceptedRequest) -> bool:
    """Whether any visitor has withdrawn since shortly before the request was recorded."""
    began: object = sent.batch.started_at
    since = began if isinstance(began, datetime) else Now()  # just written by this worker, and not read
    return Withdrawal.objects.using(using()).filter(withdrawn_at__gte=since - LONGEST_TRANSACTION).exists()


def mark_overtaken(sent: AcceptedRequest, changes: Mapping[str, object]) -> None:
    """Mark rows that ended while in flight as accepted: Meta has them."""
    rows = Event.objects.using(using()).filter(PkIn([row.pk for row in sent.rows]))
    for status, reason in OVERTAKEN.items():
        rows.filter(Equals("status", status)).update(**changes, error_reason=reason)


@retried
def reject(held: lanes.Claim, row: DueEvent, answer: Answer) -> None:
    """Record that Meta refuses this event, which was sent alone."""
    verdict = answer.verdict
    Event.objects.using(using()).pending_by_pk([row.pk]).update(
        attempts=F("attempts") + 1,
        status=Status.REJECTED,
        changed_at=Now(),
        finished_at=Now(),
        batch=answer.batch_id,
        error_code=verdict.code,
        error_subcode=verdict.subcode,
        error_reason=verdict.reason[:250],
    )
    signals.event_rejected.send_robust(
        Event,
        pixel_id=held.pixel_id,
        event_name=row.event_name,
        event_id=row.event_id,
        code=verdict.code,
        subcode=verdict.subcode,
        reason=verdict.reason,
    )


@retried
def quarantine(rows: Sequence[DueEvent]) -> None:
    """Send each of these events alone, hourly and last: Meta's servers fail at them and accept others."""
    if rows:
        Event.objects.using(using()).pending_by_pk([row.pk for row in rows]).update(
            rank=Rank.QUARANTINE, due_at=next_try()
        )


def next_try() -> Case:
    """The next attempt for an event in quarantine: in an hour, or shortly before its deadline."""
    last = ExpressionWrapper(F("deadline") - LAST_TRY, DateTimeField())
    return Case(
        When(deadline__gt=Now() + QUARANTINE_PAUSE + LAST_TRY, then=Now() + QUARANTINE_PAUSE),
        When(deadline__gt=Now() + 2 * LAST_TRY, then=last),
        default=Now() + LAST_TRY,
    )


@retried
def record_unanswered(batch: Batch, answer: Answer) -> None:
    """Record that no answer came although the request may have arrived, and hold the events that ON_AMBIGUOUS names."""
    with transaction.atomic(using=using()):
        if close_open(batch, **answered(answer, batch.test_event_code)):
            count_ambiguous(batch)


def count_ambiguous(batch: Batch) -> int:
    rows = Event.objects.using(using()).pending_by_pk(batch.event_pks)
    count = rows.update(ambiguous=F("ambiguous") + 1, attempts=F("attempts") + 1, batch=batch)
    policies = conf.ON_AMBIGUOUS
    for name in rows.values_list("event_name", flat=True).distinct() if policies else ():
        if policies.get(name, policies.get("*")) == "hold":
            rows.filter(event_name=name).update(
                status=Status.IN_DOUBT,
                changed_at=Now(),
                finished_at=Now(),
                error_reason=_("Meta's answer never came. Resend or leave it."),
            )
    return count


@retried
def record_answer(batch: Batch, answer: Answer) -> None:
    """Leave the answer to the worker that has the lane next, which settles by it in `recover`."""
    if answer.verdict.outcome is RequestOutcome.ACCEPTED:
        Batch.objects.using(using()).filter(pk=batch.pk, finished_at=None).update(
            **answered(answer, batch.test_event_code)
        )
    elif answer.verdict.outcome is not RequestOutcome.AMBIGUOUS:
        close_open(batch, **answered(answer, batch.test_event_code))


@retried
def close_answered(batch: Batch, answer: Answer) -> None:
    close(batch, **answered(answer, batch.test_event_code))
