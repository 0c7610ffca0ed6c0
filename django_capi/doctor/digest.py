"""Check that the daily digest, if it is switched on, is sent and reaches someone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.doctor.finding import Finding, ok, warn
from django_capi.models import SentDigest

NAME = "digest"
LATE_AFTER: Final = timedelta(days=2)
SCHEDULE = "Schedule the task django_capi.send_digest once a day, or run manage.py capi_digest from cron."


def examine() -> Iterator[Finding]:
    if not conf.DIGEST:
        yield ok(NAME, 'Not used: CAPI["DIGEST"] is False.')
        return
    if not settings.ADMINS:
        yield warn(
            NAME, 'CAPI["DIGEST"] is True, but ADMINS is empty: it is sent to no one.', "Fill the setting ADMINS."
        )
        return
    day = SentDigest.objects.using(using()).values_list("day", flat=True).first()
    if day is None:
        yield warn(NAME, 'CAPI["DIGEST"] is True, but no digest has been sent yet.', SCHEDULE)
    elif timezone.localdate() - day >= LATE_AFTER:
        yield warn(NAME, f"The last digest is of {day:%Y-%m-%d}.", SCHEDULE)
    else:
        yield ok(NAME, f"The last digest is of {day:%Y-%m-%d}.")
