"""Make final events that Meta did not take pending again, as a person has asked."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from django_capi.clock import Now
from django_capi.database.alias import using
from django_capi.database.keys import PkIn
from django_capi.database.retry import retried
from django_capi.ledger.withdrawal import event_has_withdrawn
from django_capi.meta import rules, wire
from django_capi.models import RESENDABLE, Event, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Resent:
    """The keys of the events that wait again, and of those that Meta would refuse, with the reason."""

    pks: Sequence[int]
    problems: Mapping[int, rules.Problem]


def resend(pks: Sequence[int]) -> Resent:
    """Queue them again with their own ids, bytes and times.

    Accepted and withdrawn events stay, and so do those past their deadline, without their text, or of a visitor who
    has withdrawn consent since. Those that Meta would refuse, and their whole request with them, stay as well.
    """
    rows = Event.objects.using(using()).filter(pk__in=pks).resendable().exclude(payload="")
    found = dict(rows.exclude(event_has_withdrawn()).values_list("pk", "payload"))
    problems = {pk: problem for pk, payload in found.items() if (problem := problem_of(payload))}
    return Resent(pks=make_pending([pk for pk in found if pk not in problems]), problems=problems)


def problem_of(payload: str) -> rules.Problem | None:
    """Return the first reason why Meta would refuse this text now."""
    return rules.refusal(wire.loads(payload), now=int(time.time()))


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
