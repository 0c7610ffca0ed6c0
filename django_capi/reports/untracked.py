"""Read how many events of requests were not tracked, and why."""

from __future__ import annotations

from collections import Counter

from django.db.models import Sum

from django_capi.models import NotSent, UntrackedTally
from django_capi.reports.sums import Scope


def untracked(scope: Scope) -> dict[str, Counter[NotSent]]:
    """Return the counts of the scope by event name and reason, with one query."""
    rows = UntrackedTally.objects.filter(scope.window.tallies(), **scope.only()).order_by()
    found: dict[str, Counter[NotSent]] = {}
    for event_name, reason, events in rows.values_list("event_name", "reason").annotate(events_sum=Sum("events")):
        found.setdefault(event_name, Counter())[NotSent(reason)] = events
    return found
