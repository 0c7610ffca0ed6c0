"""Find since when a window holds no more than a certain number of events, so that reading their rows has a limit."""

from __future__ import annotations

from django_capi.reports.windows import Window


def newest_since(window: Window, most: int) -> tuple[int, bool]:
    """Return the second since when the window has at most that many events, by an index, and whether it has more.

    All events of a second are in or none, so that a list filtered by this time shows the same events.
    """
    times = window.events().order_by("-event_time").values_list("event_time", flat=True)
    last = next(iter(times[most : most + 1]), None)
    return (window.since, False) if last is None else (last + 1, True)
