"""Keep the visitor who made an object until a webhook or a cron job turns it into a conversion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from django_capi.clock import Now, from_database, in_database
from django_capi.consent import Consent
from django_capi.database import sequences
from django_capi.database.alias import using
from django_capi.ledger.store import digest
from django_capi.ledger.withdrawal import visitor_has_withdrawn
from django_capi.models import Snapshot
from django_capi.requests.visitor import Visitor, restored

EXCLUDED: Final = "is_excluded"
CAPTURED: Final = "visitor:"  # prefix of the reference of a visitor without an object
PERSONAL: Final = [each.name for each in fields(Visitor) if each.name not in ("consent", "decided_at", "left_out")]


def has_person() -> Q:
    """Snapshots that hold more than the consent."""
    return Q(visitor__has_any_keys=PERSONAL)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredVisitor:
    """The stored visitor of an object, with digests that identify the browser, person and session."""

    visitor: Visitor
    fbp: str
    external_id: str
    session: str
    excluded_as: str  # a crawler's name or EXCLUDE; empty: not excluded
    has_withdrawn: bool  # since consent was decided

    @property
    def is_excluded(self) -> bool:
        return bool(self.excluded_as)

    def is_of(self, visitor: Visitor, *, session: str | None = None) -> bool | None:
        """Whether it is the same browser or person; None if it cannot be told.

        The same session is the same visitor. Another session may be as well, as a log-in changes the key.
        """
        if self.session and self.session == digest(session):
            return True
        external_id = (visitor.contact or {}).get("external_id")
        pairs = ((self.fbp, digest(visitor.fbp)), (self.external_id, digest(external_id)))
        known = [kept == asked for kept, asked in pairs if kept and asked]
        return any(known) if known else None


def save(object_ref: str, visitor: Visitor, *, session: str | None = None, excluded_as: str = "") -> None:
    """Store the visitor who made the object; without consent, only the answer and the session's digest.

    By that digest a later answer of the same visitor is recognised.
    """
    values = visitor.stored() if visitor.consent.is_given else Visitor(consent=visitor.consent).stored()
    contact = values.get("contact") or {}
    row = {
        "visitor": values | ({EXCLUDED: excluded_as} if excluded_as else {}),
        "fbp": digest(values.get("fbp")),
        "external_id": digest(contact.get("external_id")),
        "session": digest(session),
        "consented_at": in_database(visitor.decided_at, using()),
    }
    snapshots = Snapshot.objects.using(using())
    try:
        sequences.insert(Snapshot, lambda: snapshots.create(object_ref=object_ref, **row), alias=using())
    except IntegrityError:  # an object that was rolled back had the same key
        snapshots.filter(object_ref=object_ref).update(**row)


def change_consent(object_ref: str, consent: Consent, *, decided_at: datetime) -> None:
    """Store the visitor's last answer for the object. A refusal drops everything else."""
    snapshots = Snapshot.objects.using(using()).filter(object_ref=object_ref)
    for snapshot in snapshots:
        values: dict[str, Any] = snapshot.visitor if consent.is_given else {}
        snapshots.update(visitor={**values, "consent": int(consent)}, consented_at=in_database(decided_at, using()))


def change_session(before: str, now: str) -> None:
    """Follow the session to its new key, in a savepoint, as the caller may be in a transaction."""
    with transaction.atomic(using=using()):
        Snapshot.objects.using(using()).filter(session=digest(before)).update(session=digest(now))


def find(object_ref: str) -> StoredVisitor | None:
    """Return the object's visitor, and whether consent was withdrawn since, with one query."""
    asked_at = timezone.now()
    rows = Snapshot.objects.using(using()).annotate(has_withdrawn=visitor_has_withdrawn(), now=Now())
    row = rows.filter(object_ref=object_ref).first()
    if row is None:
        return None
    decided_at = row.created_at  # for rows of earlier releases
    if row.consented_at:
        decided_at = from_database(row.consented_at, using(), now=row.now, here=asked_at)
    return StoredVisitor(
        visitor=restored(row.visitor, decided_at=decided_at),
        fbp=row.fbp,
        external_id=row.external_id,
        session=row.session,
        excluded_as=excluded_as(row.visitor),
        has_withdrawn=bool(row.has_withdrawn),
    )


def excluded_as(visitor: Mapping[str, Any]) -> str:
    """Why the visitor is excluded. Rows of earlier releases say only that it is."""
    stored = visitor.get(EXCLUDED)
    return stored if isinstance(stored, str) else "?" if stored else ""
