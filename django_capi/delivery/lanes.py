"""Leases: only one worker may send from a lane at a time.

A lane is claimed by one conditional UPDATE, which works on every database. Times are the database's own, so that the
clocks of workers may differ.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet

from django_capi import signals
from django_capi.clock import Now
from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.models import Lane

logger = logging.getLogger("django_capi")

SMALLEST_BATCH = 10
SEEN_EVERY = timedelta(minutes=5)  # how often a worker's visit to a paused lane is recorded


class LostLane(Exception):
    """Another worker holds the lane: nothing more may be sent with this claim."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A lane that this worker holds until its lease ends. The fence is higher for each later holder."""

    lane_id: int
    pixel_id: str
    shard: int
    shards: int
    owner: str
    fence: int
    failures: int
    max_batch: int


def paused(pixel_ids: Collection[str]) -> set[str]:
    """Return the pixels of which any lane is paused, with one query."""
    lanes = Lane.objects.using(using()).filter(pixel_id__in=pixel_ids, paused_until__gt=Now())
    is_noted = ExpressionWrapper(Q(seen_at__gte=Now() - SEEN_EVERY), output_field=BooleanField())
    found = list(lanes.values_list("pixel_id", is_noted))
    if unnoted := {pixel_id for pixel_id, is_noted in found if not is_noted}:
        Lane.objects.using(using()).filter(pixel_id__in=unnoted).update(seen_at=Now())
    return {pixel_id for pixel_id, _ in found}


def of_pixel(pixel_id: str) -> list[Lane]:
    """Return the pixel's lanes by shard, with those no longer in use. The first is made now if there is none."""
    found = list(Lane.objects.using(using()).filter(pixel_id=pixel_id).order_by("shard"))
    return found or [lane_of(pixel_id)]


def lane_of(pixel_id: str) -> Lane:
    """Return the pixel's first lane, which is made now if there is none."""
    lanes = Lane.objects.using(using())
    lane, _ = lanes.get_or_create(pixel_id=pixel_id, shard=0, defaults={"max_batch": conf.BATCH_EVENTS})
    return lane


def claim(pixel_id: str) -> Claim | None:
    """Claim the pixel's first lane. None while another worker holds it, or while it is paused."""
    return claim_lane(lane_of(pixel_id))


def claim_lane(lane: Lane) -> Claim | None:
    """Claim the lane. None while another worker holds it, while it is paused, or if its pixel was divided anew."""
    owner = secrets.token_hex(8)
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    awake = Q(paused_until=None) | Q(paused_until__lte=Now())
    taken = (
        Lane.objects.using(using())
        .filter(free, awake, pk=lane.pk, shards=lane.shards)
        .update(
            owner=owner,
            lease_until=Now() + timedelta(seconds=conf.LEASE_SECONDS),
            fence=F("fence") + 1,
            seen_at=Now(),
        )
    )
    if not taken:
        return None
    lane.refresh_from_db(using=using())
    return Claim(
        lane_id=lane.pk,
        pixel_id=lane.pixel_id,
        shard=lane.shard,
        shards=lane.shards,
        owner=owner,
        fence=lane.fence,
        failures=lane.failures,
        max_batch=max(1, min(lane.max_batch, conf.BATCH_EVENTS)),
    )


def are_held() -> bool:
    """Whether any worker is sending."""
    return Lane.objects.using(using()).filter(lease_until__gt=Now()).exists()


def held_lane(held: Claim) -> QuerySet[Lane]:
    return Lane.objects.using(using()).filter(pk=held.lane_id, owner=held.owner, fence=held.fence)


def renew(held: Claim) -> bool:
    """Renew the lease. False if another worker holds the lane."""
    return bool(held_lane(held).update(lease_until=Now() + timedelta(seconds=conf.LEASE_SECONDS)))


def release(held: Claim) -> None:
    held_lane(held).update(owner="", lease_until=None)


def succeed(held: Claim) -> bool:
    """Reset the failures, let batches grow again, and renew the lease. False if another worker holds the lane."""
    limit = min(max(held.max_batch * 2, SMALLEST_BATCH), conf.BATCH_EVENTS)
    return bool(
        held_lane(held).update(
            failures=0,
            max_batch=limit,
            pause_reason="",
            paused_until=None,
            last_ok_at=Now(),
            lease_until=Now() + timedelta(seconds=conf.LEASE_SECONDS),
        )
    )


def pause(held: Claim, *, seconds: float, reason: str) -> None:
    """Pause the lane. The pause is stored, so that every worker and the admin see it."""
    held_lane(held).update(
        failures=F("failures") + 1, paused_until=Now() + timedelta(seconds=seconds), pause_reason=reason[:250]
    )
    logger.warning("Pixel %s: delivery pauses for %d seconds. %s", held.pixel_id, seconds, reason)
    signals.lane_paused.send_robust(Lane, pixel_id=held.pixel_id, reason=reason, seconds=seconds)


def shrink(held: Claim) -> None:
    """Halve the batch size, after a request that was too large or took too long."""
    held_lane(held).update(max_batch=max(1, held.max_batch // 2))


def resume(pks: Sequence[int]) -> int:
    """End the pauses of the pixels of these lanes, after the cause was fixed. Return the number of pixels."""
    lanes = Lane.objects.using(using())
    pixel_ids = set(lanes.filter(pk__in=pks).values_list("pixel_id", flat=True))
    lanes.filter(pixel_id__in=pixel_ids).update(paused_until=None, pause_reason="", failures=0)
    return len(pixel_ids)
