"""Whether delivery works: lanes, the newest requests, and what was given up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from django_capi.database.alias import using
from django_capi.ledger.expiry import SHED_REASON
from django_capi.models import Batch, Lane, Status
from django_capi.reports.sums import State

REQUESTS: Final = 200  # the newest ones


def lanes() -> list[Lane]:
    return list(Lane.objects.using(using()).order_by("pixel_id", "shard"))


def outcomes_of_requests() -> Counter[str]:
    """Count the newest requests by their outcome."""
    newest = Batch.objects.order_by("-pk").values_list("outcome", flat=True)
    return Counter(newest[:REQUESTS])


def shed(states: Iterable[State]) -> int:
    """Return the events that were given up because too many were pending."""
    return sum(state.events for state in states if state.status is Status.EXPIRED and state.reason == SHED_REASON)


def expired(states: Iterable[State]) -> int:
    """Return the events that were not sent in time, those that were shed included."""
    return sum(state.events for state in states if state.status is Status.EXPIRED)
