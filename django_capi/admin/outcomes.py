"""What became of an event's two copies together, as the admin filters and prints it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from django_capi.models import BrowserState, Event, Status

FIRED: Final = Q(browser_state=BrowserState.FIRED)
ACCEPTED: Final = Q(status=Status.ACCEPTED)
PENDING: Final = Q(status=Status.PENDING)


class Outcome(StrEnum):
    """The five outcomes; each event has exactly one of them."""

    MET = "met"
    SERVER = "server"
    BROWSER = "browser"
    NEITHER = "neither"
    WAITING = "waiting"


LABELS: Final = {
    Outcome.MET: _("Met"),
    Outcome.SERVER: _("Server only"),
    Outcome.BROWSER: _("Browser only"),
    Outcome.NEITHER: _("Neither"),
    Outcome.WAITING: _("Waiting"),
}
CONDITIONS: Final = {
    Outcome.MET: ACCEPTED & FIRED,
    Outcome.SERVER: ACCEPTED & ~FIRED,
    Outcome.BROWSER: FIRED & ~ACCEPTED & ~PENDING,
    Outcome.NEITHER: ~FIRED & ~ACCEPTED & ~PENDING,
    Outcome.WAITING: PENDING,
}


def outcome_of(event: Event) -> Outcome:
    if event.status == Status.PENDING:
        return Outcome.WAITING
    has_fired = event.browser_state == BrowserState.FIRED
    if event.status == Status.ACCEPTED:
        return Outcome.MET if has_fired else Outcome.SERVER
    return Outcome.BROWSER if has_fired else Outcome.NEITHER
