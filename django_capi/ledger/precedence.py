"""Store an event that the server saw although a browser has reported one under the same name and id before.

A browser can report any id. One that it guessed must not keep the server's own event out of the ledger.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, DateTimeField, F, IntegerField, QuerySet, Value, When
from django.db.models.functions import Coalesce

from django_capi.clock import Now
from django_capi.ledger.insert import insert
from django_capi.models import Event, Origin, Status

ATTEMPTS: Final = 3  # another report may use the id in between
REASON: Final = "Another event, which the server saw itself, has the id that the browser reported."


def store_own(rows: Sequence[Event], *, alias: str) -> None:
    """Insert again those of the rows whose ids mirrored events had; these get other ids and are not sent."""
    own = [row for row in rows if row.origin != Origin.BROWSER]
    for _ in range(ATTEMPTS if own else 0):
        with transaction.atomic(using=alias):
            is_settled = not set_aside(own, alias) or insert(own, alias=alias)
        if is_settled:
            return


def set_aside(rows: Sequence[Event], alias: str) -> int:
    """A mirrored event that Meta has taken already keeps its status."""
    return sum(mirrored(row, alias).update(**changes()) for row in rows)


def mirrored(row: Event, alias: str) -> QuerySet[Event]:
    same = {"event_id": row.event_id, "event_name": row.event_name, "pixel_id": row.pixel_id}
    return Event.objects.using(alias).filter(**same, origin=Origin.BROWSER)


def changes() -> dict[str, Any]:
    return {
        "event_id": secrets.token_hex(16),
        "finished_at": Coalesce(F("finished_at"), Now(), output_field=DateTimeField()),
        "status": Case(
            When(status=Status.PENDING, then=Value(int(Status.EXPIRED))),
            default=F("status"),
            output_field=IntegerField(),
        ),
        "error_reason": REASON,
        "payload": "",
        "changed_at": Now(),
    }
