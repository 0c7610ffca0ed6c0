"""Keep the visitor who made an object until a webhook or a cron job turns it into a conversion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction

from django_capi.consent import Consent
from django_capi.ledger.store import digest, using
from django_capi.models import Snapshot
from django_capi.visitor import Visitor, restored

EXCLUDED: Final = "is_excluded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """The visitor of an object, and digests that tell the same browser or person again."""

    visitor: Visitor
    fbp: str
    external_id: str
    is_excluded: bool

    def is_of(self, visitor: Visitor) -> bool | None:
        """True for the same browser or person, False for another one, None where nothing tells."""
        external_id = (visitor.contact or {}).get("external_id")
        pairs = ((self.fbp, digest(visitor.fbp)), (self.external_id, digest(external_id)))
        known = [kept == asked for kept, asked in pairs if kept and asked]
        return any(known) if known else None


def keep(object_ref: str, visitor: Visitor, *, is_excluded: bool = False) -> None:
    """Remember who made the object. Without consent nothing of a person is kept, only the answer."""
    values = visitor.stored() if visitor.consent.is_given else Visitor(consent=visitor.consent).stored()
    contact = values.get("contact") or {}
    row = {
        "visitor": values | ({EXCLUDED: True} if is_excluded else {}),
        "fbp": digest(values.get("fbp")),
        "external_id": digest(contact.get("external_id")),
    }
    snapshots = Snapshot.objects.using(using())
    try:
        with transaction.atomic(using=using()):
            snapshots.create(object_ref=object_ref, **row)
    except IntegrityError:  # of an object that was rolled back and had the same key
        snapshots.filter(object_ref=object_ref).update(**row)


def change_consent(object_ref: str, consent: Consent) -> None:
    """The visitor's last word on the object. A no drops all that was kept."""
    snapshots = Snapshot.objects.using(using()).filter(object_ref=object_ref)
    for snapshot in snapshots:
        values: dict[str, Any] = snapshot.visitor if consent.is_given else {}
        snapshots.update(visitor={**values, "consent": int(consent)})


def find(object_ref: str) -> Kept | None:
    columns = ("visitor", "fbp", "external_id")
    row = Snapshot.objects.using(using()).filter(object_ref=object_ref).values_list(*columns).first()
    if row is None:
        return None
    values, fbp, external_id = row
    is_excluded = bool(values.get(EXCLUDED))
    return Kept(visitor=restored(values), fbp=fbp, external_id=external_id, is_excluded=is_excluded)
