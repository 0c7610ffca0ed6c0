"""Diagnoses of whether the site still tracks what it tracked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.utils.translation import gettext_lazy as _

from django_capi.reports.diagnostics.diagnosis import Diagnosis, DiagnosticSeverity, Unit
from django_capi.reports.diagnostics.facts import Facts, Measure


def event_stopped(facts: Facts) -> Iterator[Measure]:
    for (pixel_id, event_name), days in facts.stopped.items():
        yield Measure(pixel_id=pixel_id, event_name=event_name, affected=days, total=days)


TRACKING: Final = (
    Diagnosis(
        code="event_stopped",
        severity=DiagnosticSeverity.WARNING,
        title=_("An event that came every day has stopped"),
        why=_("It happened at least five times on each of seven days, and for a day or longer not once."),
        action=_("Check that the page or the conversion still tracks it; if it was removed on purpose, mute this."),
        find=event_stopped,
        is_state=True,
        unit=Unit.DAYS,
    ),
)
