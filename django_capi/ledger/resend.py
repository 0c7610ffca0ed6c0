"""Make final events that Meta did not take pending again, as a person has asked."""

from __future__ import annotations

from collections.abc import Sequence

from django_capi.clock import Now
from django_capi.database.alias import using
from django_capi.ledger.withdrawal import event_has_withdrawn
from django_capi.models import Event, Status


def resend(pks: Sequence[int], *, test_event_code: str = "") -> int:
    """Queue them again with their own ids, bytes and times; the number that could be.

    Accepted and withdrawn events stay, and so do those past their deadline, without their text, or of a visitor who
    has withdrawn consent since. With a test code they are sent as test events.
    """
    rows = Event.objects.using(using()).filter(pk__in=pks).resendable().exclude(payload="")
    allowed = list(rows.exclude(event_has_withdrawn()).values_list("pk", flat=True))
    changes = {"test_event_code": test_event_code} if test_event_code else {}
    return rows.filter(pk__in=allowed).update(
        **changes,
        status=Status.PENDING,
        changed_at=Now(),
        due_at=Now(),
        finished_at=None,
        error_code=None,
        error_subcode=None,
        error_reason="",
    )
