"""Checks of delivery for django-health-check 4, each with a limited number of rows read.

Name them in the `checks` of a `HealthCheckView`. It needs the extra `health`.
https://codingjoe.dev/django-health-check/
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, connections
from django.utils import timezone
from health_check.base import HealthCheck
from health_check.exceptions import ServiceUnavailable, ServiceWarning

from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.doctor.worker import SILENT_AFTER, duration
from django_capi.models import Lane
from django_capi.reports import health
from django_capi.reports.freshness import LATE_AFTER, waits

__all__ = ["CapiBacklog", "CapiPauses", "CapiWorker"]


@contextmanager
def ledger() -> Iterator[None]:
    """Report an unusable database without its message. Checks run in threads, whose connections no request closes."""
    connection = connections[using()]
    is_in_use = connection.in_atomic_block
    if not is_in_use:
        connection.close_if_unusable_or_obsolete()
    try:
        yield
    except DatabaseError as error:
        raise ServiceUnavailable(f"The ledger's database cannot be used ({type(error).__name__}).") from None
    finally:
        if not is_in_use:
            connection.close_if_unusable_or_obsolete()


@dataclass
class LedgerCheck(HealthCheck):  # type: ignore[misc]  # the package has no types
    """A check that reads the ledger."""

    def run(self) -> None:
        with ledger():
            self.examine({pixel.pixel_id for pixel in conf.pixels().values()}, timezone.now())

    @abstractmethod
    def examine(self, pixel_ids: set[str], now: datetime) -> None:
        """Raise an exception of django-health-check if something is wrong."""


@dataclass
class CapiBacklog(LedgerCheck):
    """Check that no event has been due for `longest_wait`."""

    longest_wait: timedelta = field(default=LATE_AFTER, repr=False)

    def examine(self, pixel_ids: set[str], now: datetime) -> None:
        for pixel_id, waited in sorted(waits(pixel_ids, now=now).items()):
            if waited >= self.longest_wait:
                raise ServiceUnavailable(f"An event of pixel {pixel_id} has been due for {duration(waited)}.")


@dataclass
class CapiPauses(LedgerCheck):
    """Check that no pixel is paused. Meta asks for short pauses in normal operation as well."""

    def examine(self, pixel_ids: set[str], now: datetime) -> None:
        lanes = Lane.objects.using(using()).filter(pixel_id__in=pixel_ids, paused_until__gt=now)
        lane = lanes.order_by("paused_until", "pk").first()
        if lane:
            raise ServiceWarning(f"Pixel {lane.pixel_id} is paused until {lane.paused_until:%Y-%m-%d %H:%M:%S} UTC.")


@dataclass
class CapiWorker(LedgerCheck):
    """Check that a worker has examined each pixel within `silent_after`, whether or not there was an event to send."""

    silent_after: timedelta = field(default=SILENT_AFTER, repr=False)

    def examine(self, pixel_ids: set[str], now: datetime) -> None:
        lanes = health.lanes()
        for pixel_id in sorted(pixel_ids):
            lane = lanes.get(pixel_id)
            if lane is None or lane.seen_at is None:
                raise ServiceUnavailable(f"No worker has ever run for pixel {pixel_id}.")
            is_sending = lane.lease_until is not None and lane.lease_until > now
            if now - lane.seen_at >= self.silent_after and not is_sending:
                silence = duration(now - lane.seen_at)
                raise ServiceUnavailable(f"No worker has checked pixel {pixel_id} for {silence}.")
