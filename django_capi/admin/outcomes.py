"""The names of the five outcomes of an event."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_capi.models import BrowserState, Event, Status
from django_capi.reports.outcomes import Outcome, outcome_of

LABELS: Final = {
    Outcome.MET: pgettext_lazy("outcome of an event", "Met"),
    Outcome.SERVER: _("Server only"),
    Outcome.BROWSER: _("Browser only"),
    Outcome.NEITHER: _("Neither"),
    Outcome.WAITING: _("Waiting"),
}


def outcome_of_event(event: Event) -> Outcome:
    return outcome_of(Status(event.status), BrowserState(event.browser_state))
