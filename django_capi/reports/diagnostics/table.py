"""The closed table of everything that this site can diagnose, the gravest first where several are found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django_capi.reports.diagnostics.about_consent import CONSENT
from django_capi.reports.diagnostics.about_copies import COPIES
from django_capi.reports.diagnostics.about_data import DATA
from django_capi.reports.diagnostics.about_delivery import DELIVERY
from django_capi.reports.diagnostics.about_tracking import TRACKING
from django_capi.reports.diagnostics.diagnosis import Diagnosis, DiagnosticSeverity
from django_capi.reports.diagnostics.facts import Facts, Measure

TABLE: Final = {diagnosis.code: diagnosis for diagnosis in (*DELIVERY, *COPIES, *DATA, *CONSENT, *TRACKING)}
ORDER: Final = tuple(DiagnosticSeverity)
MOST: Final = 200  # findings: a site may have any number of event names

Key = tuple[str, str, str]  # code, pixel, event name


@dataclass(frozen=True, kw_only=True, slots=True)
class DiagnosticFinding:
    """A problem that is there now, and how many of how many show it."""

    diagnosis: Diagnosis
    measure: Measure

    @property
    def key(self) -> Key:
        return self.diagnosis.code, self.measure.pixel_id, self.measure.event_name


def findings(facts: Facts) -> list[DiagnosticFinding]:
    """Return what these facts show, the gravest first."""
    return sorted(judged(facts), key=lambda each: rank(each.diagnosis, each.measure.affected))[:MOST]


def rank(diagnosis: Diagnosis, affected: int) -> tuple[int, bool, int]:
    """Return what sorts the gravest first: by severity, what is wrong now before what was, and by the count."""
    return ORDER.index(diagnosis.severity), not diagnosis.is_state, -affected


def judged(facts: Facts) -> Iterator[DiagnosticFinding]:
    for diagnosis in TABLE.values():
        for measure in diagnosis.find(facts):
            if diagnosis.is_raised(measure):
                yield DiagnosticFinding(diagnosis=diagnosis, measure=measure)
