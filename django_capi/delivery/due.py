"""Read the events of a lane that are to be sent next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django_capi.clock import Now
from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.database.keys import PkIn
from django_capi.database.retry import retried
from django_capi.delivery import lanes
from django_capi.ledger import withdrawal
from django_capi.meta import wire
from django_capi.models import Event, Rank


@dataclass(frozen=True, slots=True)
class DueEvent:
    """A due event, with the columns that sending needs."""

    pk: int
    event_name: str
    event_id: str
    test_event_code: str
    rank: int
    payload: str

    def __repr__(self) -> str:
        return f"<DueEvent: {self.event_name} {self.event_id}>"


FIELDS = tuple(DueEvent.__slots__)


@retried
def read(held: lanes.Claim, *, limit: int, besides: Sequence[DueEvent] = ()) -> list[DueEvent]:
    """Return the events of the next request, in order of rank and deadline, without the rows in `besides`.

    They share a test code, are at most `limit`, and fit into one request. Events in quarantine come last, one at a
    time. Consent is checked again: events of visitors who have withdrawn since end here.
    """
    while True:
        found = read_rows(held, limit=limit, besides=besides)
        withdrawn = [row.pk for row, has_withdrawn in found if has_withdrawn]
        if withdrawn:
            withdrawal.end_events(withdrawn)
        rows = [row for row, has_withdrawn in found if not has_withdrawn]
        if rows or not withdrawn:
            return fitting(rows)


def read_rows(held: lanes.Claim, *, limit: int, besides: Sequence[DueEvent]) -> list[tuple[DueEvent, bool]]:
    """Return the next rows and whether their visitors have withdrawn, read in one statement so that they agree."""
    still_pending = Event.objects.using(using()).due().filter(pixel_id=held.pixel_id).in_shard(held.shard, held.shards)
    if besides:
        still_pending = still_pending.exclude(PkIn([row.pk for row in besides]))
    rows = still_pending.order_by("rank", "deadline", "pk").values_list(*FIELDS, withdrawal.event_has_withdrawn())
    return [(DueEvent(*row), bool(has_withdrawn)) for *row, has_withdrawn in rows[:limit]]


def fitting(rows: list[DueEvent]) -> list[DueEvent]:
    """Return as many of the rows as fit into one request."""
    if rows and rows[0].rank == Rank.QUARANTINE:
        return rows[:1]
    alike = [row for row in rows if row.test_event_code == rows[0].test_event_code and row.rank != Rank.QUARANTINE]
    sizes = (len(row.payload.encode()) for row in alike)
    return alike[: wire.how_many(sizes, max_bytes=conf.BATCH_BYTES)] if alike else []


@retried
def still_pending(rows: list[DueEvent]) -> list[DueEvent]:
    """Return the rows that may still be sent: consent may have been withdrawn, or a deadline passed, since the read."""
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
