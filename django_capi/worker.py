"""Make one pass of a worker: search for conversions without a signal, deliver due events, refresh diagnostics."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DatabaseError, OperationalError

from django_capi.conversions.sweep import sweep
from django_capi.database import deferred, sequences
from django_capi.database.alias import using
from django_capi.delivery.drain import DeliveryReport, deliver
from django_capi.reports import diagnostics

logger = logging.getLogger("django_capi")


@deferred.own_connection()
def run(*, is_over: Callable[[], bool] = bool) -> DeliveryReport:
    """Sweep and deliver. An error of the sweep does not keep events from being sent."""
    sequences.repair_all(using())
    found = 0
    try:
        found = sweep()
    except DatabaseError as error:
        level = logging.INFO if isinstance(error, OperationalError) else logging.WARNING  # the next pass repeats it
        logger.log(level, "The search for conversions failed: %s.", type(error).__name__)
    report = deliver(is_over=is_over)
    report.found = found
    refresh_diagnostics()
    return report


def refresh_diagnostics() -> None:
    """Determine what is wrong, once a minute at most. A failure here is not one of delivery."""
    try:
        diagnostics.refresh()
    except DatabaseError as error:
        logger.warning("Diagnostics could not be refreshed: %s.", type(error).__name__)
