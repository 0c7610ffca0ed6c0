"""Whether delivery works: the lanes of each pixel, the newest requests, and what was given up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from copy import copy
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from django_capi.database.alias import using
from django_capi.ledger.expiry import SHED_REASON
from django_capi.models import Batch, Lane, Status
from django_capi.reports.sums import State

REQUESTS: Final = 200  # the newest ones
NEVER: Final = datetime.min.replace(tzinfo=UTC)


def lanes() -> dict[str, Lane]:
    """Return the lane of each pixel; the lanes of a pixel with several shards as one."""
    found = Lane.objects.using(using()).order_by("pixel_id", "shard")
    return {pixel_id: as_one(list(group)) for pixel_id, group in groupby(found, key=lambda lane: lane.pixel_id)}


def as_one(found: Sequence[Lane]) -> Lane:
    """Return the lane with the longest pause, and in it the newest times of all. It is not to be saved.

    A reason for a pause stays in its lane until Meta accepts events from there. One that has ended no longer counts
    once Meta has accepted events from any of the lanes.
    """
    if len(found) == 1:
        return found[0]
    lane = copy(max(found, key=lambda each: each.paused_until or NEVER))
    lane.lease_until = newest(each.lease_until for each in found)
    lane.seen_at = newest(each.seen_at for each in found)
    lane.last_ok_at = newest(each.last_ok_at for each in found)
    if (lane.last_ok_at or NEVER) > (lane.paused_until or NEVER):
        lane.pause_reason = ""
    return lane


def newest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment), default=None)


def outcomes_of_requests() -> tuple[int, Counter[str]]:
    """Return the key of the oldest request that is counted, and the newest requests by their outcome."""
    newest = list(Batch.objects.order_by("-pk").values_list("pk", "outcome")[:REQUESTS])
    return newest[-1][0] if newest else 0, Counter(outcome for _, outcome in newest)


def ended(states: Iterable[State]) -> int:
    """Return the events whose delivery has ended in any way but by withdrawal."""
    return sum(state.events for state in states if state.status not in (Status.PENDING, Status.WITHDRAWN))


def shed(states: Iterable[State]) -> int:
    """Return the events that were given up because too many were pending."""
    return sum(state.events for state in states if state.status is Status.EXPIRED and state.reason == SHED_REASON)


def expired(states: Iterable[State]) -> int:
    """Return the events that were not sent in time, those that were shed included."""
    return sum(state.events for state in states if state.status is Status.EXPIRED)
