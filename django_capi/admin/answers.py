"""The names of the answers to a request."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import pgettext_lazy

from django_capi.meta.verdicts import Outcome

LABELS: Final = {
    Outcome.ACCEPTED: pgettext_lazy("answer to a request", "accepted"),
    Outcome.EVENT: pgettext_lazy("answer to a request", "an event was refused"),
    Outcome.LANE: pgettext_lazy("answer to a request", "token or settings refused"),
    Outcome.THROTTLE: pgettext_lazy("answer to a request", "asked to send less"),
    Outcome.TRANSIENT: pgettext_lazy("answer to a request", "failed for now"),
    Outcome.AMBIGUOUS: pgettext_lazy("answer to a request", "no answer"),
    Outcome.TOO_LARGE: pgettext_lazy("answer to a request", "request too large"),
}


def label(outcome: str) -> Any:
    """The outcome as its column holds it, in words."""
    return LABELS.get(outcome, outcome)  # type: ignore[call-overload]  # a member equals its value
