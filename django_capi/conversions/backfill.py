"""Store on demand what the sweep would find over time, and mark in bulk what had happened before this app."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from django.db.models import Model, QuerySet

from django_capi import callbacks
from django_capi.conversions import objects, sources
from django_capi.conversions.base import Conversion, concrete, has_happened
from django_capi.conversions.data import time_of
from django_capi.conversions.settle import Occurrence, is_too_old, settle
from django_capi.ledger import marks
from django_capi.models import ConversionState, NotSent
from django_capi.tracking.errors import LogErrors

AT_ONCE: Final = 500  # objects in a statement
MOST_LISTED: Final = 1000  # references in the report


class BackfillOutcome(StrEnum):
    """The outcome for an object that has happened; in a dry run, the expected one."""

    STORED = "stored"
    TOO_OLD = "too old to send"
    NOT_SENT = "not sent, with a reason"
    BEFORE = "happened before this app knew the model"
    STILL_OWED = "could not be settled now"


@dataclass(kw_only=True)
class BackfillReport:
    """How many objects had which outcome, and the references of those that are too old."""

    read: int = 0
    outcomes: Counter[BackfillOutcome] = field(default_factory=Counter)
    too_old: list[str] = field(default_factory=list)

    def add(self, outcome: BackfillOutcome, object_ref: str) -> None:
        self.outcomes[outcome] += 1
        if outcome is BackfillOutcome.TOO_OLD and len(self.too_old) < MOST_LISTED:
            self.too_old.append(object_ref)


@dataclass(frozen=True, kw_only=True, slots=True)
class Backfill:
    """One conversion class in one database, from a point in time on."""

    conversion: Conversion[Any]
    database: str
    since: datetime

    def rows(self) -> QuerySet[Model]:
        """The objects that `candidates()` returns, or all of them."""
        named = callbacks.call(self.conversion.candidates, self.since)
        rows = concrete(self.conversion.model)._base_manager.all() if named is None else named
        return rows.using(self.database).order_by("pk")

    def run(self, *, is_dry: bool, progress: Iterable[Model] | None = None) -> BackfillReport:
        """Settle what has happened since and is not settled yet. A second run finds nothing."""
        sources.meet(self.conversion, self.database)
        report = BackfillReport()
        for page in pages(progress if progress is not None else self.rows().iterator(chunk_size=AT_ONCE)):
            report.read += len(page)
            for obj, object_ref, state in unsettled(self.conversion, page, self.database):
                with LogErrors(self.conversion.event_name):
                    self.settle_object(obj, object_ref, state, report, is_dry=is_dry)
        return report

    def settle_object(
        self, obj: Model, object_ref: str, state: int | None, report: BackfillReport, *, is_dry: bool
    ) -> None:
        if not has_happened(self.conversion, obj):
            return
        event_time = time_of(self.conversion, obj)
        if event_time is not None and event_time < self.since.timestamp():
            return
        outcome = self.expected(obj, state, event_time)
        if not is_dry and outcome is not None:
            outcome = self.settled(obj, object_ref, outcome)
        if outcome is not None:
            report.add(outcome, object_ref)

    def expected(self, obj: Model, state: int | None, event_time: int | None) -> BackfillOutcome:
        """The outcome that the object should have; None if it cannot be told."""
        is_met = state == ConversionState.OPEN
        if not is_met and not sources.came_after(self.conversion, obj, self.database, event_time=event_time):
            return BackfillOutcome.BEFORE
        return BackfillOutcome.TOO_OLD if event_time is not None and is_too_old(event_time) else BackfillOutcome.STORED

    def settled(self, obj: Model, object_ref: str, outcome: BackfillOutcome) -> BackfillOutcome:
        """The outcome that the object did have."""
        settle(Occurrence(conversion=self.conversion, obj=obj, object_ref=object_ref, database=self.database))
        reached = marks.states(object_ref).get(self.conversion.event_name)
        if reached == ConversionState.NOT_SENT:
            return outcome if outcome in (BackfillOutcome.BEFORE, BackfillOutcome.TOO_OLD) else BackfillOutcome.NOT_SENT
        return BackfillOutcome.STILL_OWED if reached in (None, ConversionState.OPEN) else BackfillOutcome.STORED


def mark_existing(conversion: Conversion[Any], database: str, progress: Iterable[Model] | None = None) -> int:
    """Mark in bulk that objects without a row had happened before this app. Returns their number."""
    sources.meet(conversion, database)
    model = concrete(conversion.model)
    rows = model._base_manager.using(database).order_by("pk").iterator(chunk_size=AT_ONCE)
    marked = 0
    for page in pages(progress if progress is not None else rows):
        unmet = [(obj, ref) for obj, ref, state in unsettled(conversion, page, database) if state is None]
        happened = [ref for obj, ref in unmet if has_happened(conversion, obj)]
        marked += marks.skip_unmet(happened, conversion.event_name, NotSent.BEFORE)
    return marked


def unsettled(
    conversion: Conversion[Any], page: Sequence[Model], database: str
) -> Iterator[tuple[Model, str, int | None]]:
    """The objects whose conversion is open or has no row yet, with their references and states."""
    refs = {objects.reference(obj, conversion, database): obj for obj in page}
    states = marks.states_of(list(refs), conversion.event_name)
    for object_ref, obj in refs.items():
        state = states.get(object_ref)
        if state in (None, ConversionState.OPEN):
            yield obj, object_ref, state


def pages(rows: Iterable[Model]) -> Iterator[list[Model]]:
    page: list[Model] = []
    for obj in rows:
        page.append(obj)
        if len(page) == AT_ONCE:
            yield page
            page = []
    if page:
        yield page
