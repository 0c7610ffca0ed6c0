"""The tables by page and by browser of the Deduplication page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeVar

from django.utils.translation import gettext_lazy as _

from django_capi.admin import wording
from django_capi.admin.event_links import EventLinks
from django_capi.admin.figures import CountLink, Figure, link, overlap_figure
from django_capi.models import BrowserFamily
from django_capi.reports.outcomes import Outcome
from django_capi.reports.overlap import Counts
from django_capi.reports.places import MOST_EVENTS, Places

MOST_ROWS: Final = 50
Place = TypeVar("Place", str, BrowserFamily)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceRow:
    """One page or browser family."""

    name: Any
    events: CountLink
    outcomes: tuple[CountLink, ...]
    overlap: Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceTables:
    """Both tables; `since` is empty if they count the whole window."""

    most: str
    since: str
    pages: list[PlaceRow]
    browsers: list[PlaceRow]


def tables(found: Places, links: EventLinks, *, lost_conversions: int) -> PlaceTables:
    """Which page and browser the lost conversions belong to is not known, so nothing is good while there are any."""
    to = partial(links.to, since=found.since)
    judged = partial(replace, lost_conversions=lost_conversions)
    return PlaceTables(
        most=wording.number(MOST_EVENTS),
        since=wording.instant(datetime.fromtimestamp(found.since, UTC)) if found.is_cut else "",
        pages=[
            row(page or _("not known"), judged(counts), partial(to, page=page))
            for page, counts in most_frequent(found.pages)
        ],
        browsers=[
            row(family.label, judged(counts), partial(to, family=family.value))
            for family, counts in most_frequent(found.browsers)
        ],
    )


def most_frequent(counts: Mapping[Place, Counts]) -> list[tuple[Place, Counts]]:
    return sorted(counts.items(), key=lambda item: (-item[1].events, item[0]))[:MOST_ROWS]


def row(name: Any, counts: Counts, to: Callable[..., str]) -> PlaceRow:
    return PlaceRow(
        name=name,
        events=link(counts.events, to()),
        outcomes=tuple(link(counts.of(outcome), to(outcome=outcome)) for outcome in Outcome),
        overlap=overlap_figure(counts),
    )
