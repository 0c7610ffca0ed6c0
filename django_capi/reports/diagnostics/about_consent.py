"""Diagnoses of whether visitors and customers agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.utils.translation import gettext_lazy as _

from django_capi.reports.diagnostics.diagnosis import Diagnosis, DiagnosticSeverity, Unit
from django_capi.reports.diagnostics.facts import Answers, Facts, Measure
from django_capi.reports.goals import ENOUGH

DROP: Final = 0.2  # of all conversions or events


def consent_drops(facts: Facts) -> Iterator[Measure]:
    """Event names whose share of conversions without consent rose by more than 20 points."""
    for event_name, now in facts.answers.items():
        if has_risen(now, facts.answers_before.get(event_name, Answers())):
            yield Measure(event_name=event_name, affected=now.refused, total=now.total)


def agreement_drops(facts: Facts) -> Iterator[Measure]:
    """Pixels and event names whose share of events without consent, tracked or not, rose as much."""
    for place, now in facts.asked.items():
        if has_risen(now, facts.asked_before.get(place, Answers())):
            yield Measure(pixel_id=place[0], event_name=place[1], affected=now.refused, total=now.total)


def has_risen(now: Answers, before: Answers) -> bool:
    return before.total >= ENOUGH and now.refused / now.total - before.refused / before.total > DROP


CONSENT: Final = (
    Diagnosis(
        code="consent_drop",
        severity=DiagnosticSeverity.WARNING,
        title=_("Far more customers than before have not consented"),
        why=_("Compared with the six days before, the share of conversions without consent rose by over 20 points."),
        action=_("Check that the consent banner still works, and stores its answer before the checkout."),
        find=consent_drops,
        sample=ENOUGH,
        unit=Unit.CONVERSIONS,
    ),
    Diagnosis(
        code="fewer_agree",
        severity=DiagnosticSeverity.WARNING,
        title=_("Far more visitors than before have not agreed"),
        why=_(
            "Compared with the six days before, the share of events not tracked for lack of consent rose by over 20"
            " points."
        ),
        action=_("Check that the consent banner still appears, and that CONSENT still understands its answer."),
        find=agreement_drops,
        sample=ENOUGH,
    ),
)
