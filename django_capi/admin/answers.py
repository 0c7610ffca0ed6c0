"""The names of the answers to a request."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import pgettext_lazy

from django_capi.meta.verdicts import RequestOutcome

LABELS: Final = {
    RequestOutcome.ACCEPTED: pgettext_lazy("answer to a request", "accepted"),
    RequestOutcome.EVENT: pgettext_lazy("answer to a request", "an event was refused"),
    RequestOutcome.LANE: pgettext_lazy("answer to a request", "token or settings refused"),
    RequestOutcome.THROTTLE: pgettext_lazy("answer to a request", "asked to send less"),
    RequestOutcome.TRANSIENT: pgettext_lazy("answer to a request", "failed for now"),
    RequestOutcome.AMBIGUOUS: pgettext_lazy("answer to a request", "no answer"),
    RequestOutcome.TOO_LARGE: pgettext_lazy("answer to a request", "request too large"),
}


def label(outcome: str) -> Any:
    """The outcome as its column holds it, in words."""
    return LABELS.get(outcome, outcome)  # type: ignore[call-overload]  # a member equals its value
