"""A held lane comes in; its due events go out, and what Meta said of them is written down.

The intent to send is committed before the request. The answer is noted with the next intent, so that of all that a
worker leaves open when it dies only its last request has no answer: those events may have reached Meta, are counted as
ambiguous and are sent again. The others are settled by the answer that stands there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Case, DateTimeField, ExpressionWrapper, F, When

from django_capi import signals
from django_capi.clock import Now
from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.database.keys import Equals, PkIn
from django_capi.database.retry import insistent
from django_capi.delivery import lanes
from django_capi.delivery.client import Answer
from django_capi.delivery.closing import answered, close, close_open, note
from django_capi.ledger import withdrawal
from django_capi.meta import wire
from django_capi.meta.verdicts import Outcome
from django_capi.models import Batch, Event, Rank, Status, Withdrawal


@dataclass(frozen=True, slots=True)
class Due:
    """An event that waits to be sent, without anything that sending does not need."""

    pk: int
    event_name: str
    event_id: str
    test_event_code: str
    rank: int
    payload: str

    def __repr__(self) -> str:
        return f"<Due: {self.event_name} {self.event_id}>"


FIELDS = tuple(Due.__slots__)
OVERTAKEN = {
    Status.WITHDRAWN: "The visitor withdrew consent when it had just been sent.",
    Status.EXPIRED: "",
    Status.IN_DOUBT: "",
}
LONGEST_TRANSACTION = timedelta(hours=1)  # of a site's that contains a withdrawal
APART = timedelta(hours=1)  # between two tries of an event that Meta's servers fail at
LAST_TRY = timedelta(minutes=5)  # before its deadline it is tried once more


@insistent
def due(held: lanes.Claim, *, limit: int, besides: Sequence[Due] = ()) -> list[Due]:
    """The next events of one test code, `besides` those: by rank, the nearest deadline first.

    At most `limit`, and as many bytes as a request may have. What has been set apart comes last, one at a time.

    Consent is asked again here: what has been withdrawn since ends, and what was never given is not read at all.
    """
    while True:
        found = read(held, limit=limit, besides=besides)
        withdrawn = [row.pk for row, has_withdrawn in found if has_withdrawn]
        if withdrawn:
            withdrawal.end(withdrawn)
        rows = [row for row, has_withdrawn in found if not has_withdrawn]
        if rows or not withdrawn:
            return fitting(rows)


def read(held: lanes.Claim, *, limit: int, besides: Sequence[Due]) -> list[tuple[Due, bool]]:
    """The next rows, each with whether its visitor has withdrawn; in one statement, so that none is between."""
    waiting = Event.objects.using(using()).due().filter(pixel_id=held.pixel_id)
    if besides:
        waiting = waiting.exclude(PkIn([row.pk for row in besides]))
    rows = waiting.order_by("rank", "deadline", "pk").values_list(*FIELDS, withdrawal.event_has_withdrawn())
    return [(Due(*row), bool(has_withdrawn)) for *row, has_withdrawn in rows[:limit]]


def fitting(rows: list[Due]) -> list[Due]:
    """As many of them as go into one request."""
    if rows and rows[0].rank == Rank.ALONE:
        return rows[:1]
    alike = [row for row in rows if row.test_event_code == rows[0].test_event_code and row.rank != Rank.ALONE]
    sizes = (len(row.payload.encode()) for row in alike)
    return alike[: wire.how_many(sizes, max_bytes=conf.BATCH_BYTES)] if alike else []


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A request that Meta took, and its events, whose rows do not say so yet."""

    rows: Sequence[Due]
    batch: Batch
    answer: Answer | None  # None: the batch has noted it


def recover(held: lanes.Claim) -> tuple[int, int]:
    """Close what a dead worker left open; how many events Meta had taken, and how many nobody knows of."""
    left = Batch.objects.using(using()).filter(lane_id=held.lane_id, finished_at=None, fence__lt=held.fence)
    accepted = ambiguous = 0
    for batch in left:
        if batch.outcome == Outcome.ACCEPTED:
            taken = Event.objects.using(using()).filter(PkIn(batch.event_pks), status__in=(Status.PENDING, *OVERTAKEN))
            rows = [Due(*row) for row in taken.values_list(*FIELDS)]
            accept(held, Sent(rows=rows, batch=batch, answer=None))
            accepted += len(rows)
        else:
            ambiguous += give_up(batch)
    return accepted, ambiguous


@insistent
def give_up(batch: Batch) -> int:
    with transaction.atomic(using=using()):
        reason = "The worker died before it noted an answer."
        return doubt(batch) if close_open(batch, outcome="ambiguous", reason=reason) else 0


@insistent
def waiting(rows: list[Due]) -> list[Due]:
    """Those of them that still wait: consent may have been withdrawn, or a deadline passed, since they were read."""
    still = (
        Event.objects.using(using())
        .pending_by_pk([row.pk for row in rows])
        .filter(deadline__gt=Now())
        .exclude(withdrawal.event_has_withdrawn())
    )
    if not rows or still.count() == len(rows):
        return rows
    left = set(still.values_list("pk", flat=True))
    return [row for row in rows if row.pk in left]


@insistent
def intend(held: lanes.Claim, rows: Sequence[Due], *, size: int, after: Sent | None = None) -> Batch:
    """Write down what is about to be sent, and hold the lane for it; LostLane when it has gone to someone else.

    With it goes a note that Meta took the request before, `after`: its rows are settled while this one is under way.

    Who claims the lane later either waits for this transaction or sees the open intent and counts its events. No
    event's row is touched: an outage must not rewrite the table.
    """
    with transaction.atomic(using=using(), durable=True):
        if not (lanes.succeed(held) if after else lanes.renew(held)):
            raise lanes.LostLane
        if after and after.answer:
            note(after.batch, **answered(after.answer))
        forget_others(held, after)
        return Batch.objects.using(using()).create(
            lane_id=held.lane_id,
            fence=held.fence,
            started_at=Now(),
            events=len(rows),
            size=size,
            event_pks=[row.pk for row in rows],
        )


def forget_others(held: lanes.Claim, after: Sent | None) -> None:
    """An intent whose commit was not heard of is written a second time: the first one was never sent."""
    unsent = Batch.objects.using(using()).filter(lane_id=held.lane_id, fence=held.fence, finished_at=None)
    (unsent.exclude(pk=after.batch.pk) if after else unsent)._raw_delete(using())


@insistent
def accept(held: lanes.Claim, sent: Sent) -> bool:
    """Meta has them. False when the lane was lost meanwhile: the success still counts, then the worker stops."""
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
            own_up(sent, changes)
        if withdrawn:
            overtaken = {"payload": "", "error_reason": OVERTAKEN[Status.WITHDRAWN]}
            Event.objects.using(using()).by_pk_in_status(withdrawn, Status.ACCEPTED).update(**overtaken)
        close(sent.batch, **(answered(sent.answer) if sent.answer else {}))
    if settled:  # else somebody who took the lane over has told of them
        names = [(row.event_name, row.event_id) for row in sent.rows]
        signals.events_accepted.send_robust(Event, pixel_id=held.pixel_id, events=names)
    return kept


def was_overtaken(sent: Sent) -> bool:
    """Somebody has withdrawn since the request was written down, or a little before it."""
    started = Batch.objects.filter(pk=sent.batch.pk).values(since=F("started_at") - LONGEST_TRANSACTION)
    return Withdrawal.objects.using(using()).filter(withdrawn_at__gte=started).exists()


def own_up(sent: Sent, changes: Mapping[str, object]) -> None:
    """What was given up while it was under way has reached Meta all the same, and the row must say so."""
    rows = Event.objects.using(using()).filter(PkIn([row.pk for row in sent.rows]))
    for status, reason in OVERTAKEN.items():
        rows.filter(Equals("status", status)).update(**changes, error_reason=reason)


@insistent
def reject(held: lanes.Claim, row: Due, answer: Answer) -> None:
    """Meta refuses this one event, sent alone: it ends here, with the reason."""
    verdict = answer.verdict
    Event.objects.using(using()).pending_by_pk([row.pk]).update(
        attempts=F("attempts") + 1,
        status=Status.REJECTED,
        changed_at=Now(),
        finished_at=Now(),
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


@insistent
def set_apart(rows: Sequence[Due]) -> None:
    """Meta takes other events and fails at these: from now on each goes by itself, after the others, now and then."""
    if rows:
        Event.objects.using(using()).pending_by_pk([row.pk for row in rows]).update(rank=Rank.ALONE, due_at=next_try())


def next_try() -> Case:
    """In a while, or shortly before the deadline."""
    last = ExpressionWrapper(F("deadline") - LAST_TRY, DateTimeField())
    return Case(
        When(deadline__gt=Now() + APART + LAST_TRY, then=Now() + APART),
        When(deadline__gt=Now() + 2 * LAST_TRY, then=last),
        default=Now() + LAST_TRY,
    )


@insistent
def in_doubt(batch: Batch, answer: Answer) -> None:
    """No answer came, and the body may have arrived: count it, and hold what the site wants held."""
    with transaction.atomic(using=using()):
        if close_open(batch, **answered(answer)):
            doubt(batch)


def doubt(batch: Batch) -> int:
    rows = Event.objects.using(using()).pending_by_pk(batch.event_pks)
    count = rows.update(ambiguous=F("ambiguous") + 1, attempts=F("attempts") + 1, batch=batch)
    policies = conf.ON_AMBIGUOUS
    for name in rows.values_list("event_name", flat=True).distinct() if policies else ():
        if policies.get(name, policies.get("*")) == "hold":
            rows.filter(event_name=name).update(
                status=Status.IN_DOUBT,
                changed_at=Now(),
                finished_at=Now(),
                error_reason="Meta's answer never came. Resend or leave it.",
            )
    return count


@insistent
def keep_answer(batch: Batch, answer: Answer) -> None:
    """For whoever has the lane next, unless it is settled: `recover` accepts by this note."""
    if answer.verdict.outcome is Outcome.ACCEPTED:
        Batch.objects.using(using()).filter(pk=batch.pk, finished_at=None).update(**answered(answer))
    elif answer.verdict.outcome is not Outcome.AMBIGUOUS:
        close_open(batch, **answered(answer))


@insistent
def close_answered(batch: Batch, answer: Answer) -> None:
    close(batch, **answered(answer))
