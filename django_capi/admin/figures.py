"""The figures, tiles and tables of the Deduplication page, in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi.admin import charts, pills, wording
from django_capi.admin.event_links import EventLinks
from django_capi.admin.losses import LossSentence, parts_of_neither
from django_capi.reports.goals import COVERAGE_GOAL, Grade, share
from django_capi.reports.outcomes import Outcome
from django_capi.reports.overlap import REVENUE, Counts, Money, Overlap

OUTCOMES: Final = {
    Outcome.MET: ("both", gettext_lazy("Both copies"), gettext_lazy("Meta has both, with one event id")),
    Outcome.SERVER: ("server", gettext_lazy("Server only"), gettext_lazy("Meta knows it only from the server")),
    Outcome.BROWSER: ("browser", gettext_lazy("Browser only"), gettext_lazy("Meta knows it only from the browser")),
    Outcome.NEITHER: ("poor", gettext_lazy("Neither copy"), gettext_lazy("as far as this site knows")),
    Outcome.WAITING: ("few", gettext_lazy("Waiting"), gettext_lazy("the server copy has still to be sent")),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A share in words, as a bar, and judged."""

    value: str
    share: str
    bar: SafeString
    pill: SafeString
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A large number of the strip on top."""

    tone: str
    label: Any
    value: str
    note: str
    url: str = ""
    figure: Figure | None = None
    is_money: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CountLink:
    """A count with the list of its events; without an address if it is none."""

    count: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OutcomeRow:
    """One of the five outcomes, in events and in money."""

    tone: str
    label: Any
    meaning: Any
    link: CountLink
    share: str
    money: tuple[CountLink, ...]
    parts: tuple[LossSentence, ...] = ()  # what to know of some of the events


@dataclass(frozen=True, kw_only=True, slots=True)
class EventNameRow:
    """One event name of the table."""

    name: str
    url: str
    browser: CountLink
    server: CountLink
    outcomes: tuple[CountLink, ...]
    overlap: Figure
    coverage: Figure

    @property
    def both(self) -> str:
        return self.outcomes[0].count


def figure(part: float | None, grade: Grade, *, n: int, goal: float | None = None) -> Figure:
    value = wording.percent(part)
    note = _("Too few events to judge (n=%(n)d)") % {"n": n} if grade is Grade.FEW else ""
    return Figure(
        value=value,
        share="" if part is None else f"{part:.4f}",
        bar=charts.bar(part, tone=pills.GRADE[grade][0], label=value, goal=goal),
        pill=pills.grade(grade),
        note=note,
    )


def overlap_figure(counts: Counts) -> Figure:
    return figure(counts.overlap, counts.overlap_grade, n=counts.smaller)


def coverage_figure(counts: Counts) -> Figure:
    return figure(counts.coverage, counts.coverage_grade, n=counts.browser, goal=COVERAGE_GOAL.good)


def tiles(measured: Overlap, links: EventLinks) -> list[Tile]:
    total = measured.total
    return [
        *revenue_tiles(measured, links),
        Tile(
            tone="plain",
            label=gettext_lazy("Key overlap"),
            value=wording.percent(total.overlap),
            note=_("%(both)s events with both copies, of %(smaller)s in the smaller channel")
            % {"both": wording.number(total.both), "smaller": wording.number(total.smaller)},
            figure=overlap_figure(total),
        ),
        coverage_tile(total),
        Tile(
            tone="browser",
            label=gettext_lazy("Browser events"),
            value=wording.number(total.browser),
            note=_("fired by the pixel, as the pages reported"),
            url=links.to_browser_copies(),
        ),
        Tile(
            tone="server",
            label=gettext_lazy("Server events"),
            value=wording.number(total.server),
            note=server_note(total),
            url=links.to_server_copies(),
        ),
    ]


def server_note(total: Counts) -> str:
    """What the number of server events means, and whether they are as many as those of the browser."""
    numbers = {"waiting": wording.number(total.waiting), "ratio": wording.ratio(total.server, total.browser)}
    if not total.browser:
        return _("accepted by Meta, %(waiting)s waiting") % numbers
    return _("accepted by Meta, %(waiting)s waiting; %(ratio)s for each browser event, goal: at least 1") % numbers


def coverage_tile(total: Counts) -> Tile:
    return Tile(
        tone="plain",
        label=gettext_lazy("Browser events covered"),
        value=wording.percent(total.coverage),
        note=_("have a server copy that Meta accepted. Goal: %(goal)s") % {"goal": wording.percent(COVERAGE_GOAL.good)},
        figure=coverage_figure(total),
    )


def revenue_name(measured: Overlap) -> str:
    """The event whose money the page shows: the chosen one, or that of a sale."""
    return next(iter(measured.names)) if len(measured.names) == 1 else REVENUE


def revenue_tiles(measured: Overlap, links: EventLinks) -> list[Tile]:
    """The money of each currency that Meta knows only from the server: what the browser's pixel would have lost."""
    name = revenue_name(measured)
    revenue, value = _("Revenue Meta knows only from the server"), _("Value Meta knows only from the server")
    return [
        Tile(
            tone="server",
            label=revenue if name == REVENUE else value,
            value=wording.money(outcomes[Outcome.SERVER], currency, space=" "),  # a narrow tile breaks the line there
            note=_("of %(total)s in %(name)s events")
            % {"total": wording.money(sum(outcomes.values(), Decimal()), currency), "name": name},
            url=links.to(event_name=name, outcome=Outcome.SERVER, currency__exact=currency),
            is_money=True,
        )
        for currency, outcomes in measured.money.get(name, {}).items()
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Meeting:
    """The bar and the table of the five outcomes."""

    chart: SafeString
    rows: tuple[OutcomeRow, ...]
    currencies: tuple[str, ...]
    money_of: str
    total: OutcomeRow


def meeting(measured: Overlap, links: EventLinks) -> Meeting:
    total, name = measured.total, revenue_name(measured)
    money = measured.money.get(name, {})
    parts = [
        charts.Segment(tone=tone, count=total.of(outcome), label=str(label))
        for outcome, (tone, label, _meaning) in OUTCOMES.items()
    ]
    return Meeting(
        chart=charts.stack(
            parts, label=wording.listed(wording.pair(part.label, wording.number(part.count)) for part in parts)
        ),
        rows=tuple(outcome_row(outcome, total, money, name, links) for outcome in OUTCOMES),
        currencies=tuple(money),
        money_of=name,
        total=OutcomeRow(
            tone="",
            label=gettext_lazy("All events"),
            meaning="",
            link=link(total.events, links.to()),
            share=wording.percent(1.0 if total.events else None),
            money=tuple(
                amount(sum(outcomes.values(), Decimal()), currency, links.to(event_name=name, currency__exact=currency))
                for currency, outcomes in money.items()
            ),
        ),
    )


def outcome_row(outcome: Outcome, total: Counts, money: Money, name: str, links: EventLinks) -> OutcomeRow:
    tone, label, meaning = OUTCOMES[outcome]
    return OutcomeRow(
        tone=tone,
        label=label,
        meaning=meaning,
        link=link(total.of(outcome), links.to(outcome=outcome)),
        share=wording.percent(share(total.of(outcome), total.events)),
        money=tuple(
            amount(outcomes[outcome], currency, links.to(event_name=name, outcome=outcome, currency__exact=currency))
            for currency, outcomes in money.items()
        ),
        parts=parts_of_neither(total, links) if outcome is Outcome.NEITHER else (),
    )


def amount(value: Decimal, currency: str, url: str) -> CountLink:
    """The sum of the events that the address lists."""
    return CountLink(count=wording.money(value, currency), url=url if value else "")


def link(count: int, url: str) -> CountLink:
    return CountLink(count=wording.number(count), url=url if count else "")


def rows(measured: Overlap, links: EventLinks) -> list[EventNameRow]:
    """The most frequent first, and all together at the end when there is more than one."""
    ordered = sorted(measured.names.items(), key=lambda item: (-item[1].events, item[0]))
    named = [row(name, counts, links) for name, counts in ordered]
    return [*named, row("", measured.total, links)] if len(named) > 1 else named


def row(name: str, counts: Counts, links: EventLinks) -> EventNameRow:
    return EventNameRow(
        name=name,
        url=links.to(event_name=name or None),
        browser=link(counts.browser, links.to_browser_copies(name or None)),
        server=link(counts.server, links.to_server_copies(name or None)),
        outcomes=tuple(
            link(counts.of(outcome), links.to(event_name=name or None, outcome=outcome)) for outcome in Outcome
        ),
        overlap=overlap_figure(counts),
        coverage=coverage_figure(counts),
    )
