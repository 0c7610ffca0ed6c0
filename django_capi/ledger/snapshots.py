"""Keep the visitor who made an object until a webhook or a cron job turns it into a conversion."""

from __future__ import annotations

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
CAPTURED: Final = "visitor:"  # begins the reference of a visitor who belongs to no object
PERSONAL: Final = [each.name for each in fields(Visitor) if each.name not in ("consent", "decided_at", "left_out")]


def has_person() -> Q:
    """More is kept than the answer."""
    return Q(visitor__has_any_keys=PERSONAL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """The visitor of an object, and digests that tell the same browser or person again."""

    visitor: Visitor
    fbp: str
    external_id: str
    session: str
    is_excluded: bool
    has_withdrawn: bool  # since consent was decided

    def is_of(self, visitor: Visitor, *, session: str | None = None) -> bool | None:
        """True for the same browser or person, False for another one, None where nothing tells.

        The same session, by its key, is the same visitor. Another one may be, too: a log-in changes the key.
        """
        if self.session and self.session == digest(session):
            return True
        external_id = (visitor.contact or {}).get("external_id")
        pairs = ((self.fbp, digest(visitor.fbp)), (self.external_id, digest(external_id)))
        known = [kept == asked for kept, asked in pairs if kept and asked]
        return any(known) if known else None


def keep(object_ref: str, visitor: Visitor, *, session: str | None = None, is_excluded: bool = False) -> None:
    """Remember who made the object. Without consent nothing of a person is kept, only the answer.

    The digest of the session's key is kept with a refusal as well: it tells whose later answer is the same visitor's.
    """
    values = visitor.stored() if visitor.consent.is_given else Visitor(consent=visitor.consent).stored()
    contact = values.get("contact") or {}
    row = {
        "visitor": values | ({EXCLUDED: True} if is_excluded else {}),
        "fbp": digest(values.get("fbp")),
        "external_id": digest(contact.get("external_id")),
        "session": digest(session),
        "consented_at": in_database(visitor.decided_at, using()),
    }
    snapshots = Snapshot.objects.using(using())
    try:
        sequences.insert(Snapshot, lambda: snapshots.create(object_ref=object_ref, **row), alias=using())
    except IntegrityError:  # of an object that was rolled back and had the same key
        snapshots.filter(object_ref=object_ref).update(**row)


def change_consent(object_ref: str, consent: Consent, *, decided_at: datetime) -> None:
    """The visitor's last word on the object. A no drops all that was kept."""
    snapshots = Snapshot.objects.using(using()).filter(object_ref=object_ref)
    for snapshot in snapshots:
        values: dict[str, Any] = snapshot.visitor if consent.is_given else {}
        snapshots.update(visitor={**values, "consent": int(consent)}, consented_at=in_database(decided_at, using()))


def change_session(before: str, now: str) -> None:
    """The visitor's session has another key. In a savepoint: the caller may be in a transaction."""
    with transaction.atomic(using=using()):
        Snapshot.objects.using(using()).filter(session=digest(before)).update(session=digest(now))


def find(object_ref: str) -> Kept | None:
    """In one query, with whether the visitor has withdrawn since."""
    asked_at = timezone.now()
    rows = Snapshot.objects.using(using()).annotate(has_withdrawn=visitor_has_withdrawn(), now=Now())
    row = rows.filter(object_ref=object_ref).first()
    if row is None:
        return None
    decided_at = row.created_at  # of a row that an earlier release has written
    if row.consented_at:
        decided_at = from_database(row.consented_at, using(), now=row.now, here=asked_at)
    return Kept(
        visitor=restored(row.visitor, decided_at=decided_at),
        fbp=row.fbp,
        external_id=row.external_id,
        session=row.session,
        is_excluded=bool(row.visitor.get(EXCLUDED)),
        has_withdrawn=bool(row.has_withdrawn),
    )
