"""Links from a figure to the events that it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlencode

from django_capi.models import BrowserState, Status
from django_capi.reports.outcomes import Outcome
from django_capi.reports.sums import Scope

LOST: Final = "lost"  # reached Meta by neither channel, and were not withdrawn
VALUE_MISMATCH: Final = "value_mismatch"  # both copies are there, with different values or currencies
FAR_APART: Final = "far_apart"  # both copies are there, and Meta no longer dropped the second one


@dataclass(frozen=True, kw_only=True, slots=True)
class EventLinks:
    """Addresses in the list of events, all within one scope. Test events are not in the figures."""

    list_url: str  # empty for those who may not view it
    scope: Scope

    def to(
        self,
        *,
        event_name: str | None = None,
        since: int | None = None,
        until: int | None = None,
        outcome: Outcome | Literal["lost", "value_mismatch", "far_apart"] | None = None,
        **lookups: object,
    ) -> str:
        """Return the address of the list with these filters besides those of the scope; empty without a list."""
        if not self.list_url:
            return ""
        window = self.scope.window
        filters = {
            "test_event_code__exact": "",
            "event_time__gte": max(since or 0, window.since),
            "event_time__lt": min((end for end in (until, window.until) if end is not None), default=None),
            "pixel": self.scope.pixel_id,
            "event": event_name or self.scope.event_name,
            "outcome": outcome,
            **lookups,
        }
        return f"{self.list_url}?{urlencode({name: value for name, value in filters.items() if value is not None})}"

    def to_browser_copies(self, event_name: str | None = None) -> str:
        """Return the address of the events that a browser's pixel fired."""
        return self.to(event_name=event_name, browser_state__exact=int(BrowserState.FIRED))

    def to_server_copies(self, event_name: str | None = None) -> str:
        """Return the address of the events that Meta accepted from the server."""
        return self.to(event_name=event_name, status__exact=int(Status.ACCEPTED))
