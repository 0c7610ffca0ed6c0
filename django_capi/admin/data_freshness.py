"""The page that shows how soon Meta has each event, and where the time goes."""

# the signatures are Django's

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi.admin import charts, criteria, deletions, empty, pills, wording
from django_capi.admin.chosen import PARAMETERS, chosen_in
from django_capi.admin.deduplication import choices, dataset_url
from django_capi.admin.delay_rows import event_rows, histogram, judged, step_rows, steps_chart
from django_capi.admin.event_links import EventLinks
from django_capi.admin.figures import Figure, Tile
from django_capi.admin.overview import LinkedFact, put_off
from django_capi.admin.pages import ReportPageMixin, due
from django_capi.admin.wait_rows import part_rows, parts_chart, precise, sample
from django_capi.models import Batch, Event
from django_capi.reports import evidence, freshness, overlap, waits
from django_capi.reports.delays import Freshness
from django_capi.reports.goals import Grade
from django_capi.reports.outcomes import Outcome
from django_capi.reports.sums import Scope
from django_capi.reports.waits import Waits


class DataFreshnessAdminMixin(ReportPageMixin):
    """The page, for any admin site."""

    report_template = "admin/django_capi/data_freshness.html"
    parameters = PARAMETERS

    def report(self, request: HttpRequest, now: datetime, backlog: freshness.Backlog) -> dict[str, Any]:
        chosen = chosen_in(request)
        scope = chosen.scope(now)
        to_events = EventLinks(list_url=self.list_url(request, Event), scope=scope)
        measured = overlap.measured(scope, lost_conversions=evidence.not_sent(scope).lost_by_name)
        found = waits.newest(scope)
        return {
            **choices(chosen, measured),
            "notice": empty.notice(),
            "empty": None if measured.delays.total else nothing_accepted(measured, scope),
            "deleted": deletions.sentence(scope.window),
            "total": measured.delays.total,
            "tiles": tiles(measured, to_events),
            "steps_chart": steps_chart(measured.delays),
            "steps": step_rows(measured.delays, to_events),
            "histogram": histogram(measured.delays, to_events),
            "events": event_rows(measured, to_events),
            "parts_chart": parts_chart(found.parts),
            "parts": part_rows(found.parts),
            "sample": sample(found),
            "facts": facts(measured, found, backlog, to_events),
            "requests_url": self.list_url(request, Batch),
            "dataset_url": dataset_url(chosen),
        }


def nothing_accepted(measured: overlap.Overlap, scope: Scope) -> empty.Empty | None:
    found = empty.of_accepted(measured.total, window=scope.window)
    return empty.NONE_ACCEPTED if found in (empty.NO_SENDS, empty.NOTHING_REACHED) else found


def tiles(measured: overlap.Overlap, to_events: EventLinks) -> list[Tile]:
    found = measured.delays
    grade = found.grade(lost=measured.total.all_lost)
    late = found.in_step(Freshness.WEEKLY)
    return [
        Tile(
            tone="plain",
            label=gettext_lazy("Data freshness"),
            value=str(criteria.FRESHNESS[found.freshness]),
            note=_("Meta's step for half of the events. Goal: real time, or at most an hour"),
        ),
        Tile(
            tone="server",
            label=gettext_lazy("Half of the events"),
            value=criteria.within(found, 0.5),
            note=_("from the event to Meta's answer"),
        ),
        Tile(
            tone="server",
            label=gettext_lazy("95 of 100 events"),
            value=criteria.within(found, 0.95),
            note=judged(found, grade),
            figure=None if grade is Grade.FEW else without_bar(grade),
        ),
        Tile(
            tone="plain",
            label=gettext_lazy("Later than a day"),
            value=wording.number(late),
            note=_("Meta may not attribute these to an advertisement"),
            url=to_events.to(delay=Freshness.WEEKLY) if late else "",
        ),
    ]


def without_bar(grade: Grade) -> Figure:
    return Figure(value="", share="", bar=charts.NO_CHART, pill=pills.grade(grade))


def facts(
    measured: overlap.Overlap, found: Waits, backlog: freshness.Backlog, to_events: EventLinks
) -> list[LinkedFact]:
    """What waits now, and how the newest requests went."""
    waiting = measured.total.waiting
    answers = found.requests.answers
    return [
        LinkedFact(label=_("Due to be sent, all pixels"), value=due(backlog)),
        *put_off(backlog),
        LinkedFact(label=_("The oldest has waited"), value=wording.duration(backlog.waited)),
        LinkedFact(
            label=_("Waiting in this window"),
            value=wording.number(waiting),
            url=to_events.to(outcome=Outcome.WAITING) if waiting else "",
        ),
        LinkedFact(
            label=_("Requests that failed, of the newest %(count)s") % {"count": wording.number(found.requests.count)},
            value=wording.number(found.requests.failed),
        ),
        LinkedFact(label=_("Half of the answers came within"), value=precise(waits.percentile(answers, 0.5))),
        LinkedFact(label=_("95 of 100 answers came within"), value=precise(waits.percentile(answers, 0.95))),
    ]


class DataFreshnessAdmin(DataFreshnessAdminMixin, admin.ModelAdmin):
    """The page in Django's own admin."""
