"""Read from response headers how long Meta asks clients to wait."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

LONGEST_PAUSE: Final = 86_400.0
USED_UP: Final = 100
# Meta counts the calls of an app over a rolling hour and does not say when the next is allowed.
AFTER_USED_UP: Final = 300.0
_MINUTE: Final = 60.0

_USAGE: Final = ("x-business-use-case-usage", "x-business-use-case", "x-ad-account-usage", "x-app-usage")


def seconds_to_wait(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Return the longest wait that `Retry-After` and Meta's usage headers ask for, at most a day.

    https://developers.facebook.com/documentation/ads-commerce/marketing-api/overview/rate-limiting

    >>> seconds_to_wait({"Retry-After": "120"})
    120.0
    """
    known = {name.lower(): value for name, value in headers.items()}
    waits = [
        *_retry_after(known.get("retry-after", ""), known.get("date", ""), now),
        *(seconds for name in _USAGE for seconds in _usage(_parsed(known.get(name, "")))),
    ]
    return min(max(waits), LONGEST_PAUSE) if waits else None


def _retry_after(value: str, date: str, now: float | None) -> Iterator[float]:
    text = value.strip()
    if text.isascii() and text.isdigit():
        yield float(text[:9])
        return
    until = moment_of(text)
    # The server's clock is preferred, as the local one may be wrong.
    since = moment_of(date) or (datetime.fromtimestamp(now, UTC) if now is not None else None)
    if until is not None and since is not None:
        yield max((until - since).total_seconds(), 0.0)


def moment_of(text: str) -> datetime | None:
    """Return the time that a header such as `Date` names, with its time zone; None if it names none."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def _usage(value: Any) -> Iterator[float]:
    if isinstance(value, list):
        for one in value:
            yield from _usage(one)
    if not isinstance(value, dict):
        return
    for name, one in value.items():
        if isinstance(one, list):
            yield from _usage(one)
        elif isinstance(one, int | float) and not isinstance(one, bool):
            yield from _asked_by(name, one)


def _asked_by(name: str, amount: float) -> Iterator[float]:
    if name == "estimated_time_to_regain_access" and amount > 0:
        yield amount * _MINUTE
    elif name == "reset_time_duration" and amount > 0:
        yield float(amount)
    elif name in ("call_count", "total_time", "total_cputime", "acc_id_util_pct") and amount >= USED_UP:
        yield AFTER_USED_UP
