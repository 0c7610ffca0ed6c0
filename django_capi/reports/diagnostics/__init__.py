"""What is wrong with the events, since when, and what to do about it."""

from __future__ import annotations

from django_capi.reports.diagnostics.diagnosis import Diagnosis, DiagnosticSeverity, Unit
from django_capi.reports.diagnostics.open import OpenDiagnostic, names_with, of_event, open_now, shows
from django_capi.reports.diagnostics.rows import refresh, refreshed_at
from django_capi.reports.diagnostics.table import TABLE

__all__ = [
    "TABLE",
    "Diagnosis",
    "DiagnosticSeverity",
    "OpenDiagnostic",
    "Unit",
    "names_with",
    "of_event",
    "open_now",
    "refresh",
    "refreshed_at",
    "shows",
]
