"""Record withdrawals of consent, and find the events and stored visitors that they concern.

A withdrawal is one row per key of the visitor, with its time, and costs the same whatever the ledger holds. Events
whose consent was decided before it are not sent: they are checked each time before they are sent, by the database's
clock. Events under a later consent are sent.

A withdrawal locks the rows of its own keys, in their order, and then the stored visitors with these keys; no event,
because the worker ends those later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from django_capi.clock import Now, from_database, in_database
from django_capi.consent import Consent
from django_capi.database import sequences
from django_capi.database.alias import using
from django_capi.database.keys import PkIn, batched
from django_capi.database.retry import retried
from django_capi.ledger.store import WITHDRAWN, EventEntry, digest
from django_capi.models import Event, Snapshot, Withdrawal, WithdrawalKind
from django_capi.requests.visitor import Visitor

SHORT: Final = timedelta(seconds=1)  # between the decision and the INSERT
MOST_ROWS: Final = 200  # in a statement

Key = tuple[WithdrawalKind, str]  # kind and digest


class HasWithdrawn(Func):
    """Whether the row's visitor has withdrawn since consent was decided. An unknown time counts as earlier.

    For SELECT only: in an UPDATE, MariaDB would lock what it reads and wait for uncommitted withdrawals.
    """

    output_field = BooleanField()

    def __init__(self, **columns: str) -> None:
        self.kinds = [WithdrawalKind[name.upper()] for name in columns]
        super().__init__(F("consented_at"), *map(F, columns.values()))

    def as_sql(  # type: ignore[override]  # of Func's template and joiner it has none
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra_context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        consented_at, *digests = (compiler.compile(column)[0] for column in self.get_source_expressions())
        table = connection.ops.quote_name(Withdrawal._meta.db_table)
        each = [
            f"EXISTS(SELECT 1 FROM {table} capi_w WHERE capi_w.digest = {column} AND capi_w.kind = {kind:d} "  # noqa: S608  # names only
            f"AND capi_w.withdrawn_at >= COALESCE({consented_at}, capi_w.withdrawn_at))"
            for kind, column in zip(self.kinds, digests, strict=True)
        ]
        return f"({' OR '.join(each)})", ()


def event_has_withdrawn() -> HasWithdrawn:
    return HasWithdrawn(fbp="server_fbp", external_id="server_external_id")


def visitor_has_withdrawn() -> HasWithdrawn:
    """The condition on snapshots."""
    return HasWithdrawn(fbp="fbp", external_id="external_id", session="session")


def withdraw(*, fbps: Iterable[str] = (), external_ids: Iterable[object] = (), session: str | None = None) -> bool:
    """End everything that the visitor has consented to until now. False if no key identifies the visitor.

    The keys are each `_fbp`, each hashed external id, and the session's key. A session alone reaches the orders made in
    it, and their browser.
    """
    given: dict[WithdrawalKind, Iterable[object]] = {
        WithdrawalKind.FBP: fbps,
        WithdrawalKind.EXTERNAL_ID: external_ids,
        WithdrawalKind.SESSION: (session,),
    }
    keys = {(kind, digest(value)) for kind, values in given.items() for value in values if value}
    if not keys:
        return False
    keys |= browsers_of(keys)
    write(keys)
    for kind, found in by_kind(keys).items():
        forget_visitors(kind, found)
    return True


def by_kind(keys: Iterable[tuple[int, str]]) -> dict[WithdrawalKind, list[str]]:
    found: dict[WithdrawalKind, list[str]] = {}
    for kind, value in sorted(keys):
        found.setdefault(WithdrawalKind(kind), []).append(value)
    return found


def browsers_of(keys: Collection[Key]) -> set[Key]:
    """Return the `_fbp` digests of the orders made in these sessions: the cookie itself may be deleted already."""
    sessions = by_kind(keys).get(WithdrawalKind.SESSION)
    if not sessions:
        return set()
    known = Snapshot.objects.using(using()).filter(session__in=sessions).exclude(fbp="")
    return {(WithdrawalKind.FBP, fbp) for fbp in known.values_list("fbp", flat=True)}


@retried
def write(keys: Collection[Key]) -> None:
    """Store a row per key, or update the time of the existing row."""
    now = in_database(timezone.now(), using())
    rows = [Withdrawal(kind=kind, digest=value, withdrawn_at=now) for kind, value in sorted(keys)]
    has_target = connections[using()].features.supports_update_conflicts_with_target
    create = partial(
        Withdrawal.objects.using(using()).bulk_create,
        rows,
        update_conflicts=True,
        update_fields=["withdrawn_at", "is_swept"],
        unique_fields=["digest", "kind"] if has_target else None,
    )
    sequences.insert(Withdrawal, create, alias=using())


def forget_visitors(kind: WithdrawalKind, digests: Sequence[str]) -> None:
    """Reduce the stored visitors to a refusal. Their keys are read first, which waits for no open checkout."""
    theirs = Snapshot.objects.using(using()).filter(**{f"{kind.name.lower()}__in": digests})
    theirs = theirs.filter(visitor_has_withdrawn())  # not of visitors who have consented again
    for pks in batched(list(theirs.values_list("pk", flat=True)), MOST_ROWS):
        decline_snapshots(pks)


@retried
def decline_snapshots(pks: Sequence[int]) -> int:
    declined = Visitor(consent=Consent.DENIED).stored()
    return Snapshot.objects.using(using()).filter(PkIn(pks)).update(visitor=declined)


def mark_withdrawn(entries: Sequence[EventEntry]) -> Sequence[EventEntry]:
    """Return the entries, with those marked whose visitor has withdrawn since consent was decided.

    Only entries decided more than a second ago are checked, such as those of a slow view: all are checked again before
    they are sent, and a checkout pays no query. A conversion has checked its object already.
    """
    now = timezone.now()
    late = [entry for entry in entries if now - entry.decided_at > SHORT and not entry.object_ref]
    if not late:
        return entries
    times = withdrawal_times({key for entry in late for key in keys_of(entry)})
    return [
        replace(entry, is_withdrawn=any(times[key] >= entry.decided_at for key in keys_of(entry) if key in times))
        for entry in entries
    ]


def keys_of(entry: EventEntry) -> list[Key]:
    known = (
        (WithdrawalKind.FBP, entry.event.user_data.fbp),
        (WithdrawalKind.EXTERNAL_ID, entry.event.user_data.external_id),
    )
    return [(kind, digest(value)) for kind, value in known if value]


def withdrawal_times(keys: Collection[Key]) -> dict[Key, Any]:
    """Return when each of these keys was withdrawn, by this machine's clock."""
    asked_at = timezone.now()
    rows = Withdrawal.objects.using(using()).filter(digest__in={value for _, value in keys}).annotate(now=Now())
    return {
        (WithdrawalKind(kind), value): from_database(withdrawn_at, using(), now=now, here=asked_at)
        for kind, value, withdrawn_at, now in rows.values_list("kind", "digest", "withdrawn_at", "now")
    }


@retried
def end_events(pks: Sequence[int]) -> int:
    """Withdraw these pending events."""
    return Event.objects.using(using()).pending_by_pk(pks).update(**WITHDRAWN, changed_at=Now(), finished_at=Now())


@retried
def end_waiting(pks: Sequence[int]) -> list[int]:
    """Withdraw those of the events that are pending, and return which they are."""
    with transaction.atomic(using=using()):
        rows = Event.objects.using(using()).pending_by_pk(pks).order_by("pk").select_for_update()
        waiting = list(rows.values_list("pk", flat=True))
        end_events(waiting)
    return waiting


@retried
def withdrawn_among(pks: Sequence[int]) -> list[int]:
    rows = Event.objects.using(using()).filter(PkIn(pks)).filter(event_has_withdrawn())
    return list(rows.values_list("pk", flat=True))
