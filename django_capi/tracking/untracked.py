"""Count the events of requests that were not tracked: for lack of consent, or because a crawler caused them.

A process keeps its counts in memory and writes them every few seconds, when a response has been sent, so that no
visitor waits for it. What a process had not written when it was killed is not counted.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Iterable
from functools import cache
from threading import Lock
from typing import Any, Final

from django.db import connections

from django_capi.conf import Pixel, is_testing
from django_capi.database.alias import using
from django_capi.database.transactions import is_in_transaction
from django_capi.ledger.tallies import HOUR
from django_capi.ledger.untracked import UntrackedKind, add
from django_capi.models import NotSent, Span

logger = logging.getLogger("django_capi")

EVERY: Final = 10.0  # seconds between two writes of a process
MOST_KINDS: Final = 1000  # in memory, while the database is away


class UntrackedCounts:
    """The counts of this process that are not written yet."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.counts: Counter[UntrackedKind] = Counter()
        self.lock = Lock()
        self.next_write = 0.0  # on the monotonic clock

    def add(self, counts: Counter[UntrackedKind]) -> None:
        with self.lock:
            for kind, events in counts.items():
                if kind in self.counts or len(self.counts) < MOST_KINDS:
                    self.counts[kind] += events

    def take(self) -> Counter[UntrackedKind]:
        with self.lock:
            taken, self.counts = self.counts, Counter()
            self.next_write = time.monotonic() + EVERY
        return taken

    def is_due(self) -> bool:
        return bool(self.counts) and time.monotonic() >= self.next_write

    def write(self) -> None:
        """Write the counts. If that fails, they are kept for the next time, and no server sees an exception."""
        taken = self.take()
        try:
            add(taken)
        except Exception as error:  # noqa: BLE001  # the database's, or that of a site's router
            self.add(taken)
            log_failure(type(error).__name__)


waiting = UntrackedCounts()
os.register_at_fork(after_in_child=waiting.reset)  # the counts are the parent's, and the lock may be held


def count(event_name: str, reason: NotSent, pixels: Iterable[Pixel]) -> None:
    """Count an event that has just happened, once for each pixel."""
    now = int(time.time())
    kinds = (UntrackedKind(Span.HOUR, now - now % HOUR, pixel.pixel_id, event_name, reason) for pixel in pixels)
    waiting.add(Counter(kinds))


def write_if_due(**kwargs: Any) -> None:
    """Write the counts if the last time is long enough ago; never under a test runner, or in a site's transaction.

    Connected to `request_finished`. Django has closed or kept the request's connection already, and is asked to do the
    same once more.
    """
    if waiting.is_due() and not (is_testing() or is_in_transaction(using())):
        waiting.write()
        connections[using()].close_if_unusable_or_obsolete()


@cache
def log_failure(error: str) -> None:
    """Once in a process for each kind of error: the next attempts are seconds apart."""
    logger.warning("The events that were not tracked could not be counted, which is tried again: %s.", error)
