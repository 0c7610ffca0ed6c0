"""Record that a visitor has withdrawn consent, and tell which events and kept visitors that ends.

A withdrawal is a row by visitor and time, written at the same cost whatever the ledger holds. What was decided until
then is not sent: events are checked when they are stored late, and each time before they are sent, by the database's
own clock. What is decided under a later yes is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.db import connections
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
from django_capi.ledger.store import WITHDRAWN, Entry, digest
from django_capi.models import Event, Snapshot, Withdrawal, WithdrawalKind
from django_capi.requests.visitor import Visitor

A_WHILE: Final = timedelta(seconds=1)  # between the decision and the INSERT
MOST_ROWS: Final = 200  # in a statement

Key = tuple[WithdrawalKind, str]  # with the digest


class HasWithdrawn(Func):
    """True for a row whose visitor has withdrawn since consent was decided; an unknown time lies before anything.

    For SELECT only: in an UPDATE, MariaDB would lock what it reads and wait for withdrawals that are not committed.
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
    """Of a snapshot."""
    return HasWithdrawn(fbp="fbp", external_id="external_id", session="session")


def withdraw(*, fbps: Iterable[str] = (), external_ids: Iterable[object] = (), session: str | None = None) -> bool:
    """Nothing that the visitor has consented to until now is sent any more. False when nothing tells who it is.

    The visitor is known by each `_fbp`, by each hashed external id and by the session's key. A session alone reaches
    the orders that were made in it, and their browser.
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
        forget(kind, found)
    return True


def by_kind(keys: Iterable[tuple[int, str]]) -> dict[WithdrawalKind, list[str]]:
    found: dict[WithdrawalKind, list[str]] = {}
    for kind, value in sorted(keys):
        found.setdefault(WithdrawalKind(kind), []).append(value)
    return found


def browsers_of(keys: Collection[Key]) -> set[Key]:
    """The browsers that orders were made with in these sessions: their `_fbp` may be deleted already."""
    sessions = by_kind(keys).get(WithdrawalKind.SESSION)
    if not sessions:
        return set()
    known = Snapshot.objects.using(using()).filter(session__in=sessions).exclude(fbp="")
    return {(WithdrawalKind.FBP, fbp) for fbp in known.values_list("fbp", flat=True)}


@retried
def write(keys: Collection[Key]) -> None:
    """A row for each key, or a new time in the row that is there."""
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


def forget(kind: WithdrawalKind, digests: Sequence[str]) -> None:
    """Of the visitors of objects only the no is kept. Their keys are read first, which waits for no open checkout."""
    theirs = Snapshot.objects.using(using()).filter(**{f"{kind.name.lower()}__in": digests})
    theirs = theirs.filter(visitor_has_withdrawn())  # not of one who has consented anew
    for pks in batched(list(theirs.values_list("pk", flat=True)), MOST_ROWS):
        decline(pks)


@retried
def decline(pks: Sequence[int]) -> int:
    declined = Visitor(consent=Consent.DENIED).stored()
    return Snapshot.objects.using(using()).filter(PkIn(pks)).update(visitor=declined)


def checked(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The same entries, with a note on those whose visitor has withdrawn meanwhile.

    Asked only of what was decided a while ago, such as in a view that took long: what is stored at once is checked
    before it is sent, and costs a checkout no query. For an object, its conversion has asked already.
    """
    now = timezone.now()
    late = [entry for entry in entries if now - entry.decided_at > A_WHILE and not entry.object_ref]
    if not late:
        return entries
    times = latest({key for entry in late for key in keys_of(entry)})
    return [
        replace(entry, is_withdrawn=any(times[key] >= entry.decided_at for key in keys_of(entry) if key in times))
        for entry in entries
    ]


def keys_of(entry: Entry) -> list[Key]:
    known = (
        (WithdrawalKind.FBP, entry.event.user_data.fbp),
        (WithdrawalKind.EXTERNAL_ID, entry.event.user_data.external_id),
    )
    return [(kind, digest(value)) for kind, value in known if value]


def latest(keys: Collection[Key]) -> dict[Key, Any]:
    """When each of these keys was withdrawn, by this machine's clock."""
    asked_at = timezone.now()
    rows = Withdrawal.objects.using(using()).filter(digest__in={value for _, value in keys}).annotate(now=Now())
    return {
        (WithdrawalKind(kind), value): from_database(withdrawn_at, using(), now=now, here=asked_at)
        for kind, value, withdrawn_at, now in rows.values_list("kind", "digest", "withdrawn_at", "now")
    }


@retried
def end(pks: Sequence[int]) -> int:
    """These events, which wait to be sent, are not."""
    return Event.objects.using(using()).pending_by_pk(pks).update(**WITHDRAWN, changed_at=Now(), finished_at=Now())


@retried
def withdrawn_among(pks: Sequence[int]) -> list[int]:
    rows = Event.objects.using(using()).filter(PkIn(pks)).filter(event_has_withdrawn())
    return list(rows.values_list("pk", flat=True))
