"""Counts come in; the figures, bars, verdicts and sentences of the Deduplication page go out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi.admin import charts, pills, wording
from django_capi.reports.overlap import COVERAGE_GOAL, Counts, KeyShare, Overlap, Verdict


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
    figure: Figure | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One event name of the table."""

    name: str
    url: str
    browser: str
    server: str
    both: str
    overlap: Figure
    coverage: Figure
    server_only: str
    blocked: str
    browser_only: str


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRow:
    """One key that Meta can pair by."""

    name: Any
    hint: Any
    browser: str
    browser_figure: Figure
    server: str
    server_figure: Figure
    overlap: Figure
    differ: str


def figure(share: float | None, verdict: Verdict, *, n: int, goal: float | None = None) -> Figure:
    value = wording.percent(share)
    note = _("Too few events to judge (n=%(n)d)") % {"n": n} if verdict is Verdict.FEW else ""
    return Figure(
        value=value,
        share="" if share is None else f"{share:.4f}",
        bar=charts.bar(share, tone=pills.VERDICT[verdict][0], label=value, goal=goal),
        pill=pills.verdict(verdict),
        note=note,
    )


def overlap_figure(counts: Counts) -> Figure:
    return figure(counts.overlap, counts.overlap_verdict, n=counts.smaller)


def coverage_figure(counts: Counts) -> Figure:
    return figure(counts.coverage, counts.coverage_verdict, n=counts.browser, goal=COVERAGE_GOAL.good)


def tiles(total: Counts) -> list[Tile]:
    return [
        Tile(
            tone="plain",
            label=gettext_lazy("Key overlap"),
            value=wording.percent(total.overlap),
            note=_("%(both)s events with both copies, of %(smaller)s in the smaller channel")
            % {"both": wording.number(total.both), "smaller": wording.number(total.smaller)},
            figure=overlap_figure(total),
        ),
        Tile(
            tone="plain",
            label=gettext_lazy("Browser events covered"),
            value=wording.percent(total.coverage),
            note=_("have a server copy that Meta accepted. Goal: %(goal)s")
            % {"goal": wording.percent(COVERAGE_GOAL.good)},
            figure=coverage_figure(total),
        ),
        Tile(
            tone="browser",
            label=gettext_lazy("Browser events"),
            value=wording.number(total.browser),
            note=_("fired by the pixel, as the pages reported"),
        ),
        Tile(
            tone="server",
            label=gettext_lazy("Server events"),
            value=wording.number(total.server),
            note=_("accepted by Meta, %(waiting)s waiting") % {"waiting": wording.number(total.waiting)},
        ),
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Meeting:
    """The bar of all events that reached Meta, and its legend."""

    chart: SafeString
    shares: tuple[tuple[charts.Segment, str, str], ...]


def meeting(total: Counts) -> Meeting:
    parts = (
        charts.Segment(tone="browser", count=total.browser_only, label=_("Browser only")),
        charts.Segment(tone="both", count=total.both, label=_("Both copies")),
        charts.Segment(tone="server", count=total.server_only, label=_("Server only")),
    )
    whole = sum(part.count for part in parts)
    label = ", ".join(f"{part.label}: {wording.number(part.count)}" for part in parts)
    return Meeting(
        chart=charts.stack(parts, label=label),
        shares=tuple(
            (part, wording.number(part.count), wording.percent(part.count / whole if whole else None)) for part in parts
        ),
    )


def rows(measured: Overlap, list_url: str) -> list[Row]:
    """The most frequent first, and all together at the end when there is more than one."""
    ordered = sorted(measured.names.items(), key=lambda item: (-item[1].events, item[0]))
    named = [row(name, counts, name_url(list_url, name)) for name, counts in ordered]
    return [*named, row("", measured.total, list_url)] if len(named) > 1 else named


def name_url(list_url: str, name: str) -> str:
    return f"{list_url}&{urlencode({'event': name})}"


def row(name: str, counts: Counts, url: str) -> Row:
    return Row(
        name=name,
        url=url,
        browser=wording.number(counts.browser),
        server=wording.number(counts.server),
        both=wording.number(counts.both),
        overlap=overlap_figure(counts),
        coverage=coverage_figure(counts),
        server_only=wording.number(counts.server_only),
        blocked=wording.number(counts.blocked) if counts.blocked else "",
        browser_only=wording.number(counts.browser_only),
    )


KEY_WORDS = {
    "event_id": ("Event ID", gettext_lazy("recommended")),
    "external_id": ("External ID", gettext_lazy("weak: only when the browser event arrives first")),
    "fbp": ("FBP", gettext_lazy("weak: only when the browser event arrives first")),
}


def keys(shares: tuple[KeyShare, ...]) -> list[KeyRow]:
    return [
        KeyRow(
            name=KEY_WORDS[share.key][0],
            hint=KEY_WORDS[share.key][1],
            browser=wording.number(share.browser),
            browser_figure=figure(share.browser_share, share.browser_verdict, n=share.browser_of),
            server=wording.number(share.server),
            server_figure=figure(share.server_share, share.server_verdict, n=share.server_of),
            overlap=figure(share.overlap, share.overlap_verdict, n=min(share.browser, share.server)),
            differ=wording.number(share.differ) if share.differ else "",
        )
        for share in shares
    ]
