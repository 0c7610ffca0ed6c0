"""Make final events that Meta did not take pending again, as a person has asked."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from django_capi.clock import Now
from django_capi.database.alias import using
from django_capi.database.keys import PkIn
from django_capi.database.retry import retried
from django_capi.ledger.withdrawal import event_has_withdrawn
from django_capi.models import RESENDABLE, Event, Status


def resend(pks: Sequence[int]) -> list[int]:
    """Queue them again with their own ids, bytes and times, and return the keys of those that could be.

    Accepted and withdrawn events stay, and so do those past their deadline, without their text, or of a visitor who
    has withdrawn consent since.
    """
    rows = Event.objects.using(using()).filter(pk__in=pks).resendable().exclude(payload="")
    allowed = list(rows.exclude(event_has_withdrawn()).values_list("pk", flat=True))
    return make_pending(allowed)


@retried
def make_pending(pks: Sequence[int]) -> list[int]:
    """Return which events of these were: another member of staff may have been faster."""
    with transaction.atomic(using=using()):
        rows = Event.objects.using(using()).filter(PkIn(pks)).exclude(payload="").order_by("pk").select_for_update()
        ended = [pk for pk, status in rows.values_list("pk", "status") if status in RESENDABLE]
        Event.objects.using(using()).filter(PkIn(ended)).update(
            status=Status.PENDING,
            changed_at=Now(),
            due_at=Now(),
            finished_at=None,
            error_code=None,
            error_subcode=None,
            error_reason="",
        )
    return ended
