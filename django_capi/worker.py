"""One pass of a worker: find conversions that no signal told of, then deliver what is due."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DatabaseError, OperationalError

from django_capi.conversions.sweep import sweep
from django_capi.database import deferred, sequences
from django_capi.database.alias import using
from django_capi.delivery.drain import DeliveryReport, deliver

logger = logging.getLogger("django_capi")


@deferred.own_connection()
def run(*, is_over: Callable[[], bool] = bool) -> DeliveryReport:
    """Both, one after the other. Whatever happens to the sweep must not keep events from being sent."""
    sequences.repair_all(using())
    found = 0
    try:
        found = sweep()
    except DatabaseError as error:
        level = logging.INFO if isinstance(error, OperationalError) else logging.WARNING  # the next pass tries again
        logger.log(level, "Conversions could not be looked for: %s.", type(error).__name__)
    report = deliver(is_over=is_over)
    report.found = found
    return report
