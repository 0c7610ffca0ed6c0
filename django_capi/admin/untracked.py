"""The table of events that were not tracked, of the Deduplication page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from django_capi.admin import wording
from django_capi.models import NotSent

MOST_ROWS: Final = 100  # a site may have any number of event names
COLUMNS: Final = {
    NotSent.DENIED: _("Declined"),
    NotSent.UNKNOWN: _("No answer yet"),
    NotSent.EXCLUDED: _("Crawlers and EXCLUDE"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class UntrackedRow:
    """The numbers of one event name, in the order of the columns; those of all names without a name."""

    name: str
    counts: tuple[str, ...]
    total: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UntrackedTable:
    columns: tuple[Any, ...]
    rows: list[UntrackedRow]


def table(found: Mapping[str, Counter[NotSent]]) -> UntrackedTable | None:
    """All names first, then the most frequent ones. None if every event was tracked."""
    if not found:
        return None
    ordered = sorted(found.items(), key=lambda item: (-item[1].total(), item[0]))[:MOST_ROWS]
    total = sum(found.values(), Counter())
    return UntrackedTable(
        columns=tuple(COLUMNS.values()), rows=[row("", total), *(row(name, counts) for name, counts in ordered)]
    )


def row(name: str, counts: Counter[NotSent]) -> UntrackedRow:
    return UntrackedRow(
        name=name,
        counts=tuple(wording.number(counts[reason]) for reason in COLUMNS),
        total=wording.number(counts.total()),
    )
