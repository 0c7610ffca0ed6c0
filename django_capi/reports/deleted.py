"""Which events of a window have been deleted. The tallies outlive them, so that figures and lists differ."""

from __future__ import annotations

from dataclasses import dataclass

from django_capi.ledger.tallies import HOUR
from django_capi.models import Event, Span, Tally
from django_capi.reports.windows import Window


@dataclass(frozen=True, kw_only=True, slots=True)
class Deleted:
    """What of a window has been deleted."""

    before: int | None = None  # no older event has been kept; Unix seconds
    has_later: bool = False  # later ones have been deleted, too
    is_all: bool = False


def deleted(window: Window) -> Deleted | None:
    """Return what the window has lost, or None; with at most three look-ups in indexes."""
    pruned = Tally.objects.filter(window.pruned()).values_list("start", flat=True)
    first = pruned.order_by("start").first()
    if first is None:
        return None
    kept = Event.objects.order_by("event_time").values_list("event_time", flat=True).first()
    if kept is None or (window.until is not None and kept >= window.until):
        return Deleted(is_all=True)
    hour = kept - kept % HOUR
    last = pruned.order_by("-start").first() or first
    return Deleted(before=kept if first < hour else None, has_later=last > hour)


def first_hour() -> int | None:
    """Return the first hour that has been counted, in Unix seconds. It stays when its events are deleted."""
    return Tally.objects.filter(span=Span.HOUR).order_by("start").values_list("start", flat=True).first()
