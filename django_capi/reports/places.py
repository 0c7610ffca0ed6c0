"""How far the copies met by page and by browser, among a bounded number of the newest events."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from django.db.models import Count, F

from django_capi.models import BrowserFamily, BrowserState, Status
from django_capi.reports.newest import newest_since
from django_capi.reports.overlap import Counts, counts_of
from django_capi.reports.sums import Scope, State

MOST_EVENTS: Final = 1500


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
    rows = replace(scope.window, since=since).events().filter(test_event_code="", **scope.only()).order_by()
    pages: dict[str, Counts] = defaultdict(Counts)
    browsers: dict[BrowserFamily, Counts] = defaultdict(Counts)
    states = F("status") * len(BrowserState) + F("browser_state")
    found = rows.annotate(both_states=states).values_list("page", "browser_family", "both_states")
    for page, family, both_states, events in found.annotate(events=Count("pk")):
        counts = counts_of(state_of(both_states, events))
        pages[page] += counts
        browsers[BrowserFamily(family)] += counts
    return Places(since=since, is_cut=is_cut, pages=dict(pages), browsers=dict(browsers))


def state_of(both_states: int, events: int) -> State:
    """Both states are in one number, as PostgreSQL takes three times as long to group by two columns of few values."""
    status, browser_state = divmod(both_states, len(BrowserState))
    return State(
        event_name="",
        status=Status(status),
        browser_state=BrowserState(browser_state),
        currency="",
        reason="",
        figures={"events": events, "shared_ids": 0},
        value=Decimal(0),
    )
