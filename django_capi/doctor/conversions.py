"""Report conversions that wait for their object's data, and a search for missed conversions that has stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.db.models import Count, Min
from django.utils import timezone

from django_capi.database.alias import using
from django_capi.doctor.finding import Finding, ok, warn
from django_capi.doctor.worker import counted, spoken
from django_capi.models import ConversionMark, ConversionSource

LATE_AFTER: Final = timedelta(minutes=15)  # a pass of the worker completes them, every half minute at best


def look() -> Iterator[Finding]:
    now = timezone.now()
    late = [*incomplete(now - LATE_AFTER), *unswept(now - LATE_AFTER)]
    yield from late or [ok("conversions", "No conversion waits for a worker.")]


def incomplete(limit: object) -> Iterator[Finding]:
    """Stored in a transaction whose commit this app did not see, or with a custom_data() that raises."""
    marks = ConversionMark.objects.using(using()).incomplete().filter(happened_at__lte=limit)
    found = marks.aggregate(count=Count("pk"), oldest=Min("happened_at"))
    if found["count"]:
        yield warn(
            "conversions",
            f"{counted(found['count'], 'conversion is', 'conversions are')} incomplete, the oldest for "
            f"{spoken(timezone.now() - found['oldest'])}: the event is stored, but not due until its data is complete.",
            "Make sure that a worker runs. If one does, the log names the method of your Conversion that raises.",
        )


def unswept(limit: object) -> Iterator[Finding]:
    sources = ConversionSource.objects.using(using()).filter(swept_at__lte=limit)
    oldest = sources.aggregate(oldest=Min("swept_at"))["oldest"]
    if oldest:
        yield warn(
            "conversions",
            f"Objects that were changed without signals have not been looked for in {spoken(timezone.now() - oldest)}.",
            "Make sure that a worker runs the task django_capi.deliver, or manage.py capi_deliver.",
        )
