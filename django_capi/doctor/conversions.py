"""Check for conversions that wait for data, and for a stopped search for missed conversions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.db.models import Count, Min
from django.utils import timezone

from django_capi.database.alias import using
from django_capi.doctor.finding import Finding, counted, ok, warn
from django_capi.doctor.worker import duration
from django_capi.models import ConversionMark, ConversionSource

LATE_AFTER: Final = timedelta(minutes=15)  # a pass of the worker completes them


def examine() -> Iterator[Finding]:
    now = timezone.now()
    late = [*incomplete(now - LATE_AFTER), *unswept(now - LATE_AFTER)]
    yield from late or [ok("conversions", "No conversion waits for a worker.")]


def incomplete(limit: object) -> Iterator[Finding]:
    """Find conversions whose commit this app did not see, or whose custom_data() raises."""
    marks = ConversionMark.objects.using(using()).incomplete().filter(happened_at__lte=limit)
    found = marks.aggregate(count=Count("pk"), oldest=Min("happened_at"))
    if found["count"]:
        yield warn(
            "conversions",
            f"{counted(found['count'], 'conversion is', 'conversions are')} incomplete, the oldest for "
            f"{duration(timezone.now() - found['oldest'])}: each event is due once its data is complete.",
            "Check that a worker runs. If it does, the log names the method of your Conversion that raises.",
        )


def unswept(limit: object) -> Iterator[Finding]:
    sources = ConversionSource.objects.using(using()).filter(swept_at__lte=limit)
    oldest = sources.aggregate(oldest=Min("swept_at"))["oldest"]
    if oldest:
        yield warn(
            "conversions",
            f"The last search for objects changed without signals was {duration(timezone.now() - oldest)} ago.",
            "Check that a worker runs the task django_capi.deliver, or manage.py capi_deliver.",
        )
