"""Counts of the tallies by pixel, event name and state, with one query for any window."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Sum

from django_capi.models import BrowserState, Status, Tally
from django_capi.reports.outcomes import Outcome, outcome_of
from django_capi.reports.windows import Window


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """How many events of one name and pixel have one state of both copies."""

    pixel_id: str
    event_name: str
    status: Status
    browser_state: BrowserState
    events: int

    @property
    def outcome(self) -> Outcome:
        return outcome_of(self.status, self.browser_state)


def counted(window: Window, *, status: Status | None = None) -> list[Counted]:
    """Return the counts of the window, of one state of the server copy or all, in any order."""
    names = ("pixel_id", "event_name", "status", "browser_state")
    of_state = {} if status is None else {"status": status}
    rows = Tally.objects.filter(window.tallies(), **of_state).order_by().values_list(*names)
    return [
        Counted(
            pixel_id=pixel_id,
            event_name=event_name,
            status=Status(status),
            browser_state=BrowserState(browser_state),
            events=events,
        )
        for pixel_id, event_name, status, browser_state, events in rows.annotate(events_sum=Sum("events"))
    ]
