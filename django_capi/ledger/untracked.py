"""Add to the counts of events that were not tracked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from django.db import transaction
from django.db.models import F

from django_capi.database.alias import using
from django_capi.ledger.tallies import DAY
from django_capi.models import NotSent, Span, UntrackedTally


class UntrackedKind(NamedTuple):
    """What some events that were not tracked have in common: the columns of their tally."""

    span: Span
    start: int  # of the hour or the day in which they happened; Unix seconds
    pixel_id: str
    event_name: str
    reason: NotSent


def add(hours: Mapping[UntrackedKind, int]) -> None:
    """Add to the counts of these hours and of their days, all or none."""
    counts = Counter(hours)
    for kind, events in hours.items():
        counts[kind._replace(span=Span.DAY, start=kind.start - kind.start % DAY)] += events
    with transaction.atomic(using=using()):
        kinds = sorted(counts)  # every process locks the rows in this order
        missing = [kind for kind in kinds if not increase(kind, counts[kind])]
        # Another process may insert them, too.
        empty = [UntrackedTally(**kind._asdict(), events=0) for kind in missing]
        UntrackedTally.objects.using(using()).bulk_create(empty, ignore_conflicts=True)
        for kind in missing:
            increase(kind, counts[kind])


def increase(kind: UntrackedKind, events: int) -> bool:
    """Add to the count of this kind. False if it has none."""
    rows = UntrackedTally.objects.using(using()).filter(**kind._asdict())
    return bool(rows.update(events=F("events") + events))
