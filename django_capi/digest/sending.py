"""Send the digest to ADMINS, once a day however many workers try."""

from __future__ import annotations

from datetime import date, timedelta
from enum import Enum, auto

from django.conf import settings
from django.core.mail import mail_admins
from django.db.models import Q
from django.utils import timezone, translation

from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.digest import contents, messages
from django_capi.digest.contents import Digest
from django_capi.models import SentDigest


class Result(Enum):
    """What became of the digest."""

    SENT = auto()
    OFF = auto()  # CAPI["DIGEST"] is False
    NO_ADMINS = auto()
    ALREADY = auto()  # it was sent today, or another worker is sending it
    EMPTY = auto()  # nothing happened, and nothing is wrong


def send(*, is_forced: bool = False) -> Result:
    """Send the digest of yesterday. `is_forced`: even if it is off, was sent today, or has nothing to say."""
    if not (conf.DIGEST or is_forced):
        return Result.OFF
    if not settings.ADMINS:
        return Result.NO_ADMINS
    today = timezone.localdate()
    before = last_day()
    if not claim(today) and not is_forced:
        return Result.ALREADY
    try:
        digest = of_yesterday()
        if digest.is_empty and not is_forced:
            return Result.EMPTY
        subject, body = written(digest)
        mail_admins(subject, body)
    except BaseException:
        release(today, before)
        raise
    return Result.SENT


def of_yesterday() -> Digest:
    with translation.override(settings.LANGUAGE_CODE):
        return contents.of(timezone.localdate() - timedelta(days=1))


def written(digest: Digest) -> tuple[str, str]:
    """Return subject and body, in the site's language: those who read it have sent no request."""
    with translation.override(settings.LANGUAGE_CODE):
        return messages.subject(digest), messages.body(digest)


def last_day() -> date | None:
    row, _ = SentDigest.objects.using(using()).get_or_create(pk=1)
    return row.day


def claim(day: date) -> bool:
    """Take the right to send the digest of this day. False if it is taken already."""
    rows = SentDigest.objects.using(using()).filter(Q(day=None) | Q(day__lt=day), pk=1)
    return bool(rows.update(day=day))


def release(day: date, before: date | None) -> None:
    """Give the right back after an error, so that a later attempt sends the digest."""
    SentDigest.objects.using(using()).filter(pk=1, day=day).update(day=before)
