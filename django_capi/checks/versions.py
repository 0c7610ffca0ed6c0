"""Check how long Meta supports the configured version of the Graph API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from django.core import checks
from django.core.checks import CheckMessage

from django_capi.conf import Conf, conf

# https://developers.facebook.com/docs/graph-api/changelog, as of 2026-11. The Conversions API follows the Graph
# API's dates, not the shorter ones of the Marketing API.
ANSWERED_UNTIL = {
    20: date(2026, 9, 24),
    21: date(2027, 1, 21),
    22: date(2027, 5, 20),
    23: date(2027, 10, 8),
    24: date(2028, 2, 18),
    25: date(2028, 7, 29),
}
OLDEST = min(ANSWERED_UNTIL)
NOTICE = timedelta(days=90)


def answered_until(version: str) -> date | None:
    """
    Return the last day of a version, or None if Meta has not announced one.

    >>> answered_until("v22.0")
    datetime.date(2027, 5, 20)
    >>> answered_until("v26.0") is None
    True
    """
    digits = version.removeprefix("v").partition(".")[0]
    number = int(digits) if digits.isdecimal() and len(digits) < 5 else OLDEST  # Python refuses thousands of digits
    return ANSWERED_UNTIL.get(max(number, OLDEST))


def check_api_version(*, today: date) -> Iterator[CheckMessage]:
    last_day = answered_until(conf.API_VERSION)
    if last_day is None or today + NOTICE <= last_day:
        return
    yield checks.Warning(
        f'CAPI["API_VERSION"] is {conf.API_VERSION}: Meta supports it until {last_day.isoformat()}.',
        hint=f'Write "API_VERSION": "{Conf.API_VERSION}", or remove the line to use that default.',
        id="django_capi.W010",
    )
