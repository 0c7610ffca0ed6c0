"""Decide how long a lane pauses after an answer that is not an acceptance."""

from __future__ import annotations

import random
from typing import Final

from django_capi.delivery import isolate
from django_capi.delivery.client import Answer
from django_capi.meta.verdicts import RequestOutcome

CONFIGURATION_PAUSE: Final = 900  # seconds, after a refused token or pixel
UNSAFE_PAUSE: Final = 60  # seconds, while settings are malformed
THROTTLE_PAUSE: Final = 60  # seconds, doubling, where Meta names no time
LONGEST_PAUSE: Final = 900
FIRST_BACKOFF: Final = 10  # seconds, doubling, with full jitter


def wait(answer: Answer, failures: int) -> float:
    """Return the pause in seconds, by the kind of answer and the number of failures before it."""
    verdict = answer.verdict
    if verdict.outcome is RequestOutcome.LANE or isolate.is_refusal(answer):  # every request is refused
        return CONFIGURATION_PAUSE
    if verdict.outcome is RequestOutcome.THROTTLE:
        return verdict.retry_after or min(THROTTLE_PAUSE * 2**failures, LONGEST_PAUSE)
    longest = min(FIRST_BACKOFF * 2 ** min(failures, 10), LONGEST_PAUSE)
    return max(verdict.retry_after or 0, random.uniform(1, longest))  # noqa: S311  # jitter, not a secret
