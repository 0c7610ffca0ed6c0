"""Give the server's own events precedence over mirrored ones with the same name and id.

A browser can report any id. A guessed one must not keep the server's event out of the ledger.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, DateTimeField, F, IntegerField, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_noop

from django_capi.clock import Now
from django_capi.ledger.insert import insert
from django_capi.models import Event, Origin, Status

ATTEMPTS: Final = 3  # another report may take the id in between
REASON: Final = gettext_noop("The id that the browser reported belongs to another event, which the server saw itself.")


def store_own(rows: Sequence[Event], *, alias: str) -> None:
    """Insert the server's own events among the rows. Mirrored events with their ids get other ids and are not sent."""
    own = [row for row in rows if row.origin != Origin.BROWSER]
    for _ in range(ATTEMPTS if own else 0):
        with transaction.atomic(using=alias):
            is_settled = not displace(own, alias) or insert(own, alias=alias)
        if is_settled:
            return


def displace(rows: Sequence[Event], alias: str) -> int:
    """Give mirrored events in the way another id, and end the pending ones. Return how many there were."""
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
