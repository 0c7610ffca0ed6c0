"""What the rows of conversions tell about missing copies, from a bounded number of the newest ones."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db.models import Count, Exists, OuterRef, QuerySet

from django_capi.models import BrowserState, ConversionMark, ConversionState, Event, NotSent, Status
from django_capi.reports.sums import Scope

MOST_UNSENT: Final = 500  # conversions that are read
MOST_STORED: Final = 100
LOST: Final = (NotSent.TOO_OLD, NotSent.NO_PIXEL)  # neither the customer's decision nor meant by the app


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreported:
    """Accepted conversions without a receipt, by whether a page has rendered their browser copy."""

    rendered: int
    not_rendered: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsent:
    """The newest conversions without an event, by event name and reason. They belong to no pixel."""

    counts: Counter[tuple[str, NotSent]]

    @property
    def is_cut(self) -> bool:
        """Whether there may be more of them in the window."""
        return self.counts.total() >= MOST_UNSENT

    @property
    def lost(self) -> Counter[tuple[str, NotSent]]:
        return Counter({key: count for key, count in self.counts.items() if key[1] in LOST})

    @property
    def lost_by_name(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for (name, _why), count in self.lost.items():
            found[name] += count
        return found


def not_sent(scope: Scope) -> Unsent:
    marks = newest(scope, ConversionState.NOT_SENT)
    edge = marks.values_list("happened_at", flat=True)[MOST_UNSENT - 1 : MOST_UNSENT].first()
    read = marks.filter(happened_at__gte=edge) if edge else marks
    counts = read.order_by().values_list("event_name", "reason").annotate(marks=Count("pk"))
    return Unsent(counts=Counter({(name, NotSent(reason)): found for name, reason, found in counts}))


def unreported(scope: Scope) -> dict[str, Unreported]:
    """Return how many of the newest conversions lack a receipt, by event name."""
    events = Event.objects.filter(
        event_id=OuterRef("event_id"),
        event_name=OuterRef("event_name"),
        status=Status.ACCEPTED,
        browser_state=BrowserState.NONE,
        test_event_code="",
    )
    if scope.pixel_id is not None:
        events = events.filter(pixel_id=scope.pixel_id)
    marks = newest(scope, ConversionState.STORED).annotate(is_unreported=Exists(events))
    found: Counter[tuple[str, bool]] = Counter()
    for name, shown_at, is_unreported in marks.values_list("event_name", "shown_at", "is_unreported")[:MOST_STORED]:
        found[name, shown_at is not None] += bool(is_unreported)
    return {
        name: Unreported(rendered=found[name, True], not_rendered=found[name, False])
        for name in {name for name, _ in +found}
    }


def newest(scope: Scope, state: ConversionState) -> QuerySet[ConversionMark]:
    """Return the conversions of the window, the newest first, by an index."""
    window = scope.window
    marks = ConversionMark.objects.filter(state=state, happened_at__gte=datetime.fromtimestamp(window.since, UTC))
    if window.until is not None:
        marks = marks.filter(happened_at__lt=datetime.fromtimestamp(window.until, UTC))
    if scope.event_name is not None:
        marks = marks.filter(event_name=scope.event_name)
    return marks.order_by("-happened_at")
