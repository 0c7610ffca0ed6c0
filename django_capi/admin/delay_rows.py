"""The steps, the histogram and the rows by event name of the page on data freshness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from django_capi.admin import charts, criteria, delays, pills, wording
from django_capi.admin.event_links import EventLinks
from django_capi.admin.figures import CountLink, link
from django_capi.ledger.tallies import DELAYS
from django_capi.models import Status
from django_capi.reports import overlap
from django_capi.reports.delays import OF_STEP, Delays, Freshness
from django_capi.reports.goals import Grade, share

TONES: Final = {
    Freshness.REAL_TIME: "good",
    Freshness.HOURLY: "both",
    Freshness.DAILY: "fair",
    Freshness.WEEKLY: "poor",
}
MOST_ROWS: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class DelayRow:
    """Events of one delay or step, of all accepted ones."""

    tone: str
    label: Any
    link: CountLink
    share: str
    bar: SafeString


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRow:
    """How soon Meta has the events of one name."""

    name: str
    accepted: CountLink
    step: Any
    pill: SafeString
    note: str
    median: str
    slowest: str
    steps: tuple[CountLink, ...]


def judged(found: Delays, grade: Grade) -> str:
    """The grade in words; with too few events there is none."""
    if grade is Grade.FEW:
        return _("Too few events to judge (n=%(n)d)") % {"n": found.total}
    return {
        Grade.GOOD: _("Good: within an hour"),
        Grade.LOSING: _("Within an hour, but events were lost"),
        Grade.FAIR: _("Fair: later than an hour"),
        Grade.POOR: _("Poor: later than two hours"),
        Grade.NONE: _("No event was accepted"),
    }[grade]


def steps_chart(found: Delays) -> SafeString:
    parts = [
        charts.Segment(tone=tone, count=found.in_step(step), label=str(delays.STEPS[step]))
        for step, tone in TONES.items()
    ]
    return charts.stack(
        parts, label=wording.listed(wording.pair(part.label, wording.number(part.count)) for part in parts)
    )


def step_rows(found: Delays, links: EventLinks) -> list[DelayRow]:
    return [
        delay_row(tone, delays.STEPS[step], found.in_step(step), found, links.to(delay=step))
        for step, tone in TONES.items()
    ]


def histogram(found: Delays, links: EventLinks) -> list[DelayRow]:
    tones = {name: TONES[step] for step, names in OF_STEP.items() for name in names}
    labels = delays.labels()
    return [
        delay_row(tones[name], labels[name], count, found, links.to(delay=name))
        for name, count in zip(DELAYS, found.counts, strict=True)
    ]


def delay_row(tone: str, label: Any, count: int, found: Delays, url: str) -> DelayRow:
    part = share(count, found.total)
    most = max(found.counts)
    return DelayRow(
        tone=tone,
        label=label,
        link=link(count, url),
        share=wording.percent(part),
        bar=charts.bar(share(count, most), tone=tone, label=wording.percent(part)),
    )


def event_rows(measured: overlap.Overlap, links: EventLinks) -> list[EventRow]:
    """The slowest names first, among them the most frequent."""
    found = {name: Delays.of(states) for name, states in measured.states_by_name().items()}
    late = {
        name: sum(each.in_step(step) for step in (Freshness.DAILY, Freshness.WEEKLY)) for name, each in found.items()
    }
    ordered = sorted(
        (name for name in found if found[name].total), key=lambda name: (-late[name], -found[name].total, name)
    )
    return [event_row(name, found[name], measured.names[name].all_lost, links) for name in ordered[:MOST_ROWS]]


def event_row(name: str, found: Delays, lost: int, links: EventLinks) -> EventRow:
    grade = found.grade(lost=lost)
    return EventRow(
        name=name,
        accepted=link(found.total, links.to(event_name=name, status__exact=int(Status.ACCEPTED))),
        step=criteria.FRESHNESS[found.freshness],
        pill=pills.grade(grade),
        note=judged(found, grade) if grade is Grade.FEW else "",
        median=criteria.within(found, 0.5),
        slowest=criteria.within(found, 0.95),
        steps=tuple(link(found.in_step(step), links.to(event_name=name, delay=step)) for step in TONES),
    )
