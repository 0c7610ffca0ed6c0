"""A person's choice comes in: final events that Meta did not take are made pending again."""

from __future__ import annotations

from collections.abc import Sequence

from django_capi.clock import Now
from django_capi.ledger.store import using
from django_capi.models import Event, Status

RESENDABLE = (Status.REJECTED, Status.IN_DOUBT, Status.EXPIRED)


def resend(pks: Sequence[int]) -> int:
    """Queue them again with their own ids, bytes and times; the number that could be.

    Accepted and withdrawn events stay, and so do those past their deadline or without their text.
    """
    rows = Event.objects.using(using()).filter(pk__in=pks, status__in=RESENDABLE, deadline__gt=Now())
    return rows.exclude(payload="").update(
        status=Status.PENDING,
        changed_at=Now(),
        due_at=Now(),
        finished_at=None,
        error_code=None,
        error_subcode=None,
        error_reason="",
    )
