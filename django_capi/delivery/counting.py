"""Count the events for the admin at the end of a pass."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError

from django_capi.delivery import lanes
from django_capi.ledger import tallies
from django_capi.models import Count

logger = logging.getLogger("django_capi")

LONGEST_UNCOUNTED: Final = timedelta(minutes=1)  # where one worker or another is always sending


def refresh_tallies() -> None:
    """Recount the hours that changed, for the admin. An error here does not stop delivery.

    While another worker is sending, its count would be in the way and out of date at once: that worker counts at its
    end. Only what has not been counted for a while is counted in between.
    """
    try:
        if not (lanes.are_held() and is_recent(*tallies.latest())):
            tallies.refresh()
    except DatabaseError as error:
        logger.warning("Events could not be counted: %s.", type(error).__name__)


def is_recent(count: Count, now: datetime) -> bool:
    return count.counted_at is not None and abs(now - count.counted_at) < LONGEST_UNCOUNTED
