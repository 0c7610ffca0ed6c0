"""Divide the events of a pixel among several lanes, and anew after SHARDS has changed.

How a pixel is divided is stored in its lanes, and every worker goes by that, whatever its own settings say. It is
changed only by a worker that holds all lanes of the pixel, after it has settled what dead workers left in them. So no
event is in two lanes at once, or in none.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction

from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.database.retry import retried
from django_capi.delivery import batches, lanes
from django_capi.models import Lane

logger = logging.getLogger("django_capi")


def are_divided(found: Sequence[Lane]) -> bool:
    """Whether these lanes of a pixel, in their order, are SHARDS and perhaps some that are no longer in use."""
    in_use = [(lane.shard, lane.shards) for lane in found[: conf.SHARDS]]
    return in_use == [(shard, conf.SHARDS) for shard in range(conf.SHARDS)]


def divide(found: Sequence[Lane]) -> tuple[int, int]:
    """Divide the pixel of these lanes, all that it has, into SHARDS, unless another worker holds one of them.

    Return the numbers of accepted and of ambiguous events that dead workers left.
    """
    held: list[lanes.Claim] = []
    recovered: list[tuple[int, int]] = []
    try:
        for lane in found:
            if (taken := lanes.claim_lane(lane)) is None:
                break
            held.append(taken)
            recovered.append(batches.recover(taken))
        else:
            store(held, conf.SHARDS)
    except lanes.LostLane:
        logger.info("Pixel %s: another worker holds a lane now.", found[0].pixel_id)
    finally:
        for each in held:
            lanes.release(each)
    return sum(accepted for accepted, _ in recovered), sum(ambiguous for _, ambiguous in recovered)


@retried
def store(held: Sequence[lanes.Claim], shards: int) -> None:
    """Store the number of shards in all lanes, and make those that are missing. Raise LostLane if one was lost."""
    with transaction.atomic(using=using(), durable=True):
        if not all(lanes.held_lane(each).update(shards=shards) for each in held):
            raise lanes.LostLane
        missing = set(range(shards)) - {each.shard for each in held}
        Lane.objects.using(using()).bulk_create(
            [
                Lane(pixel_id=held[0].pixel_id, shard=shard, shards=shards, max_batch=conf.BATCH_EVENTS)
                for shard in sorted(missing)
            ],
            ignore_conflicts=True,  # a commit without an answer is repeated
        )
