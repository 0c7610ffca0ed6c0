"""Find two events that are probably one action: under two event ids, or under two event names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from django_capi.meta.events import PAGE_VIEW
from django_capi.models import BrowserState, Origin, Status
from django_capi.reports.diagnostics.facts import LedgerRow
from django_capi.reports.outcomes import Outcome, outcome_of

NEAR: Final = 30  # seconds


def under_two_ids(rows: Iterable[LedgerRow]) -> Iterator[tuple[LedgerRow, LedgerRow]]:
    """Return neighbours of one visitor and event name that happened within seconds and came from two sources."""
    by_visitor: dict[tuple[str, str, str], list[LedgerRow]] = {}
    for row in rows:
        if visitor := visitor_of(row):
            by_visitor.setdefault((*row.place, visitor), []).append(row)
    for found in by_visitor.values():
        found.sort(key=lambda row: (row.event_time, row.event_id))
        yield from neighbours(found)


def visitor_of(row: LedgerRow) -> str:
    """Return the visitor by the browser, as far as either copy knows it, else by the external id."""
    return row.server_fbp or row.browser_fbp or row.server_external_id or row.browser_external_id


def neighbours(found: list[LedgerRow]) -> Iterator[tuple[LedgerRow, LedgerRow]]:
    """No row is in two pairs."""
    place = 0
    while place + 1 < len(found):
        first, second = found[place], found[place + 1]
        is_pair = second.event_time - first.event_time <= NEAR and is_one_action(first, second)
        if is_pair:
            yield first, second
        place += 2 if is_pair else 1


def is_one_action(first: LedgerRow, second: LedgerRow) -> bool:
    """Two page views in a row are two actions, unless of one page and only one came from a browser on its own."""
    differ = first.origin != second.origin
    if first.event_name == PAGE_VIEW:
        return differ and Origin.BROWSER in (first.origin, second.origin) and first.page == second.page
    return differ or complete_each_other(first, second)


def under_two_names(rows: Iterable[LedgerRow]) -> Iterator[tuple[LedgerRow, LedgerRow]]:
    """Return events with one id and two names, of which one has only its server copy and a browser made the other."""
    by_id: dict[tuple[str, str], list[LedgerRow]] = {}
    for row in rows:
        by_id.setdefault((row.pixel_id, row.event_id), []).append(row)
    for found in by_id.values():
        of_server = next((row for row in found if is_server_s(row)), None)
        of_browser = next((row for row in found if is_browser_s(row)), None)
        if of_server and of_browser:
            yield of_server, of_browser


def is_server_s(row: LedgerRow) -> bool:
    return row.origin != Origin.BROWSER and row.browser_state == BrowserState.NONE


def is_browser_s(row: LedgerRow) -> bool:
    return row.origin == Origin.BROWSER or outcome(row) is Outcome.BROWSER


def complete_each_other(first: LedgerRow, second: LedgerRow) -> bool:
    return {outcome(first), outcome(second)} == {Outcome.SERVER, Outcome.BROWSER}


def outcome(row: LedgerRow) -> Outcome:
    return outcome_of(Status(row.status), BrowserState(row.browser_state))
