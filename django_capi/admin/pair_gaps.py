"""The panel of the Deduplication page on the time between the two copies of an event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django_capi.admin import wording
from django_capi.admin.event_links import FAR_APART, EventLinks
from django_capi.admin.figures import CountLink, link
from django_capi.admin.wait_rows import PRECISE, precise
from django_capi.reports.pair_gaps import MOST_EVENTS, PairGaps
from django_capi.reports.sums import State


@dataclass(frozen=True, kw_only=True, slots=True)
class PairGapPanel:
    """How far apart the copies were; `since` is empty if all events of the window were read."""

    most: str
    since: str
    has_pairs: bool
    pairs: str
    median: str
    slowest: str
    far_apart: CountLink


def panel(found: PairGaps, states: Iterable[State], links: EventLinks) -> PairGapPanel:
    """The times are from the newest events. Pairs that are too far apart are days old: the whole window is counted."""
    far_apart = sum(state.figures["far_apart"] for state in states)
    return PairGapPanel(
        most=wording.number(MOST_EVENTS),
        since=wording.instant(datetime.fromtimestamp(found.since, UTC)) if found.is_cut else "",
        has_pairs=bool(found.gaps or far_apart),
        pairs=wording.number(len(found.gaps)),
        median=within(found.within(0.5)),
        slowest=within(found.within(0.95)),
        far_apart=link(far_apart, links.to(outcome=FAR_APART)),
    )


def within(length: timedelta | None) -> str:
    """Long times are rounded up, as a time within which the copies arrived must not be too short."""
    return precise(length) if length is None or length < PRECISE else wording.rounded_up(length)
