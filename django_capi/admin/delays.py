"""The delays that events are counted by, in words, and the filter that lists the events of each."""

# ruff: noqa: ARG002  # the signatures are Django's

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi.admin import wording
from django_capi.admin.filters import ChoiceFilter
from django_capi.ledger.tallies import DELAYS
from django_capi.models import Event
from django_capi.reports.delays import LIMITS, OF_STEP, Freshness, with_delays

STEPS: Final = {
    Freshness.REAL_TIME: gettext_lazy("Real time (within 5 minutes)"),
    Freshness.HOURLY: gettext_lazy("Hourly (within 1 hour)"),
    Freshness.DAILY: gettext_lazy("Daily (within 24 hours)"),
    Freshness.WEEKLY: gettext_lazy("Weekly (after 24 hours)"),
}
CHOICES: Final = {**{name: (name,) for name in DELAYS}, **{str(step): names for step, names in OF_STEP.items()}}


def in_words(limit: timedelta | None) -> str:
    """The time within which events were accepted; None: over a day."""
    if limit is None:
        return _("over %(length)s") % {"length": wording.duration(timedelta(days=1))}
    return _("within %(length)s") % {"length": wording.duration(limit)}


def labels() -> dict[str, str]:
    """Each delay by its longest time; events with a shorter one are not counted in it again."""
    return {name: in_words(limit) for name, limit in zip(DELAYS, LIMITS, strict=True)}


class DelayFilter(ChoiceFilter):
    """Accepted events by the time from the event to Meta's answer. A link may ask for a finer delay than a step."""

    title = gettext_lazy("delay")
    parameter_name = "delay"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        steps = [(str(step), label) for step, label in STEPS.items()]
        chosen = labels().get(self.given)
        return [*steps, (self.given, chosen)] if chosen else steps

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        value = self.value()
        return with_delays(queryset, CHOICES[value]) if value else queryset
