"""The open diagnostics, for pages, commands and alarms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from django_capi.database.alias import using
from django_capi.models import Diagnostic, Event
from django_capi.reports.diagnostics.diagnosis import Diagnosis, DiagnosticSeverity
from django_capi.reports.diagnostics.facts import LedgerRow
from django_capi.reports.diagnostics.table import TABLE, rank


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenDiagnostic:
    """A problem that is there now. The strings are in the current language, and hold no personal data."""

    code: str
    severity: DiagnosticSeverity
    title: str
    action: str
    affected: int
    total: int
    event_name: str
    pixel_id: str
    first_seen_at: datetime


def open_now() -> list[OpenDiagnostic]:
    """Return the open diagnostics that are not muted, the gravest first, with one query."""
    rows = Diagnostic.objects.using(using()).open().heard(timezone.now())
    return [described(row, TABLE[row.code]) for row in by_severity(rows)]


def names_with(code: str) -> set[str]:
    """Return the event names of which this diagnostic is open, muted or not."""
    return set(Diagnostic.objects.using(using()).open().filter(code=code).values_list("event_name", flat=True))


def described(row: Diagnostic, diagnosis: Diagnosis) -> OpenDiagnostic:
    return OpenDiagnostic(
        code=row.code,
        severity=diagnosis.severity,
        title=str(diagnosis.title),
        action=str(diagnosis.action),
        affected=row.affected,
        total=row.total,
        event_name=row.event_name,
        pixel_id=row.pixel_id,
        first_seen_at=row.first_seen_at,
    )


def by_severity(rows: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the rows whose code is in the table, the gravest and the most frequent first."""
    known = [row for row in rows if row.code in TABLE]
    return sorted(known, key=lambda row: (rank(TABLE[row.code], row.affected), row.code, row.pk))


def of_event(event: Event) -> list[Diagnostic]:
    """Return the open diagnostics that this event shows, with one query."""
    rows = Diagnostic.objects.using(using()).open()
    rows = rows.filter(pixel_id__in=("", event.pixel_id), event_name__in=("", event.event_name))
    event_row = LedgerRow.of(event)
    return [row for row in by_severity(rows) if is_shown(TABLE[row.code], event_row)]


def shows(code: str, event: Event) -> bool:
    """Return True if this event has the problem, whether or not enough others have it for a diagnostic."""
    return is_shown(TABLE[code], LedgerRow.of(event))


def is_shown(diagnosis: Diagnosis, row: LedgerRow) -> bool:
    return diagnosis.concerns is not None and diagnosis.concerns(row)
