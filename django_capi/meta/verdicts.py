"""Decide what an answer of Meta's means for the events of the request.

The code and subcode of the error object decide; without an error object the HTTP status does. A code that is not in
`answers` is transient and marked unknown. To add a code, add a row to `answers`. Reasons are our own, as Meta's
messages are localised.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django_capi.meta.answers import (
    ACCEPTED,
    BY_CODE,
    BY_STATUS,
    CALL,
    HTML,
    IS_TRANSIENT,
    NO_BUNDLE,
    NO_SUCCESS,
    NOT_JSON,
    NOT_SENT,
    PROOF,
    RANGES,
    SERVER_ERROR,
    UNAVAILABLE,
    UNKNOWN,
    UNKNOWN_OUTCOME,
    UNTRUSTED,
    Meaning,
    RequestOutcome,
)
from django_capi.meta.retry_after import seconds_to_wait
from django_capi.meta.translatable import gettext_noop as _

__all__ = ["RequestOutcome", "Verdict", "broken", "judge", "unreachable", "untrusted", "without_bundle"]

_TRACE_ID = re.compile(r"[\w+/=-]{1,64}", re.ASCII).fullmatch
_INVALID_PARAMETER: Final = 100
_SUCCESS: Final = range(200, 300)
_LARGEST: Final = 2**31 - 1
_SERVER_ERRORS: Final = range(500, 600)

SENDING_FAILED: Final = _("Sending failed with %(error)s; nothing was sent.")
SENDING_BROKE: Final = _("Sending failed with %(error)s; Meta may or may not have accepted the events.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The outcome of one request; `retry_after` is in seconds, `reason` never quotes what Meta or the site wrote."""

    outcome: RequestOutcome
    known: bool
    code: int | None = None
    subcode: int | None = None
    fbtrace_id: str | None = None
    events_received: int | None = None
    reason: str
    retry_after: float | None = None


def judge(*, status: int, body: str, headers: Mapping[str, str] | None = None, now: float | None = None) -> Verdict:
    """Classify an answer. `now` (Unix seconds) is needed only if Retry-After is a date and there is no Date header."""
    answer = _object(body)
    error = answer.get("error")
    code = _whole(error.get("code")) if isinstance(error, dict) else None
    subcode = _whole(error.get("error_subcode")) if isinstance(error, dict) else None
    if error is not None or status not in _SUCCESS:
        row = _failure(status, body, error, code, subcode)
    else:
        row = _success(answer, body)
    return Verdict(
        outcome=row.outcome,
        known=row.known,
        code=code,
        subcode=subcode,
        fbtrace_id=_trace_id(error, answer),
        events_received=_whole(answer.get("events_received")),
        reason=row.reason,
        retry_after=None if row.outcome is RequestOutcome.ACCEPTED else seconds_to_wait(headers or {}, now=now),
    )


def unreachable(*, sent: bool) -> Verdict:
    """There is no answer. If the body was sent, Meta may or may not have accepted it."""
    return _without_answer(UNKNOWN_OUTCOME if sent else NOT_SENT)


def untrusted() -> Verdict:
    """The server's certificate could not be verified, so nothing was sent to it."""
    return _without_answer(UNTRUSTED)


def without_bundle() -> Verdict:
    """The file that CA_BUNDLE names is missing, so nothing was sent."""
    return _without_answer(NO_BUNDLE)


def broken(*, error: str, sent: bool) -> Verdict:
    """Sending failed with an exception that the connection did not cause; `error` is the name of its class.

    >>> broken(error="MemoryError", sent=False).reason
    'Sending failed with MemoryError; nothing was sent.'
    """
    row = UNKNOWN_OUTCOME if sent else NOT_SENT
    reason = SENDING_BROKE if sent else SENDING_FAILED
    return Verdict(outcome=row.outcome, known=False, reason=reason % {"error": error[:60]})


def _without_answer(row: Meaning) -> Verdict:
    return Verdict(outcome=row.outcome, known=row.known, reason=row.reason)


def _success(answer: Mapping[str, Any], body: str) -> Meaning:
    if answer:
        return NO_SUCCESS if answer.get("success") is False else ACCEPTED
    text = body.lstrip()
    if text.startswith("<"):
        return HTML
    return UNAVAILABLE if "service unavailable" in text[:200].lower() else NOT_JSON


def _failure(status: int, body: str, error: object, code: int | None, subcode: int | None) -> Meaning:
    row = _by_code(error, code, subcode) if code is not None else _by_status(status, body)
    # A server error says nothing about the events, whatever its body claims.
    return SERVER_ERROR if status in _SERVER_ERRORS and row.outcome is RequestOutcome.EVENT else row


def _by_code(error: object, code: int, subcode: int | None) -> Meaning:
    row = _about_the_call(error, code, subcode) or BY_CODE.get((code, subcode)) or BY_CODE.get((code, None))
    row = row or _in_a_range(code)
    if row is not None and row.outcome is RequestOutcome.THROTTLE:
        return row
    if isinstance(error, dict) and error.get("is_transient") is True:
        return IS_TRANSIENT
    return row or UNKNOWN


def _about_the_call(error: object, code: int, subcode: int | None) -> Meaning | None:
    """Recognise a wrong `appsecret_proof`, which has the code of an invalid parameter, by the name in the message."""
    if code != _INVALID_PARAMETER or subcode is not None or not isinstance(error, dict):
        return None
    if "appsecret_proof" in str(error.get("message")):
        return PROOF
    return CALL if error.get("type") == "GraphMethodException" else None


def _in_a_range(code: int) -> Meaning | None:
    return next((row for codes, row in RANGES if code in codes), None)


def _by_status(status: int, body: str) -> Meaning:
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status in _SERVER_ERRORS:
        return SERVER_ERROR
    return HTML if body.lstrip().startswith("<") else UNKNOWN


def _object(body: str) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _whole(value: object) -> int | None:
    """Return an integer that fits the database column, as all of Meta's do."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) <= _LARGEST else None


def _trace_id(error: object, answer: Mapping[str, Any]) -> str | None:
    trace_id = error.get("fbtrace_id") if isinstance(error, dict) else answer.get("fbtrace_id")
    return trace_id if isinstance(trace_id, str) and _TRACE_ID(trace_id) else None
