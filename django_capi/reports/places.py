"""How far the copies met by page and by browser, among a bounded number of the newest events."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db.models import Count

from django_capi.models import BrowserFamily, BrowserState, Status
from django_capi.reports.newest import newest_since
from django_capi.reports.overlap import Counts, counts_of
from django_capi.reports.sums import Scope, State

MOST_EVENTS: Final = 5000


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """The newest events by page and by browser family, and since when these are."""

    since: int  # Unix seconds
    is_cut: bool  # the window has more events
    pages: dict[str, Counts]
    browsers: dict[BrowserFamily, Counts]


def places(scope: Scope) -> Places:
    """Count with two queries of bounded cost. Of the newest events of the window, only those of the scope count."""
    since, is_cut = newest_since(scope.window, MOST_EVENTS)
    rows = scope.window.events().filter(event_time__gte=since, test_event_code="", **scope.only()).order_by()
    pages: dict[str, Counts] = defaultdict(Counts)
    browsers: dict[BrowserFamily, Counts] = defaultdict(Counts)
    found = rows.values_list("page", "browser_family", "status", "browser_state").annotate(events=Count("pk"))
    for page, family, status, browser_state, events in found:
        counts = counts_of(state_of(Status(status), BrowserState(browser_state), events))
        pages[page] += counts
        browsers[BrowserFamily(family)] += counts
    return Places(since=since, is_cut=is_cut, pages=dict(pages), browsers=dict(browsers))


def state_of(status: Status, browser_state: BrowserState, events: int) -> State:
    figures = {"events": events, "shared_ids": 0}
    return State(
        event_name="",
        status=status,
        browser_state=browser_state,
        currency="",
        reason="",
        figures=figures,
        value=Decimal(0),
    )
