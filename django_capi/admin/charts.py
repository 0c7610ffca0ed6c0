"""Bars and lines as SVG, without scripts or inline styles: widths are attributes, colours are in admin.css."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

HEIGHT = 8
STACK_HEIGHT = 28
LINES_HEIGHT = 120
LINE_MARGIN = 3
SPARK_HEIGHT = 28
NO_CHART = format_html("{}", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A part of a whole: its tone in admin.css, its size, and its words."""

    tone: str
    count: int
    label: str


def bar(share: float | None, *, tone: str, label: str, goal: float | None = None) -> SafeString:
    """A share of 1 as a bar, with a mark where the goal is."""
    if share is None:
        return NO_CHART
    mark = (
        format_html('<rect class="capi-goal" x="{}" y="0" width="2" height="{}"/>', width(goal), HEIGHT) if goal else ""
    )
    return format_html(
        '<svg class="capi-bar" role="img" width="100%" height="{0}" preserveAspectRatio="none"><title>{1}</title>'
        '<rect class="capi-track" width="100%" height="{0}" rx="2"/>'
        '<rect class="capi-fill-{2}" width="{3}" height="{0}" rx="2"/>{4}</svg>',
        HEIGHT,
        label,
        tone,
        width(share),
        mark,
    )


def stack(segments: Sequence[Segment], *, label: str) -> SafeString:
    """Parts of a whole side by side, each with its own title."""
    total = sum(segment.count for segment in segments)
    if not total:
        return NO_CHART
    return format_html(
        '<svg class="capi-stack" role="img" width="100%" height="{}"><title>{}</title>{}</svg>',
        STACK_HEIGHT,
        label,
        format_html_join(
            "",
            '<rect class="capi-fill-{}" x="{}" width="{}" height="{}"><title>{}</title></rect>',
            placed(segments, total),
        ),
    )


def placed(segments: Sequence[Segment], total: int) -> list[tuple[str, str, str, int, str]]:
    rects = []
    start = 0
    for segment in segments:
        rects.append((segment.tone, width(start / total), width(segment.count / total), STACK_HEIGHT, segment.label))
        start += segment.count
    return rects


def width(share: float) -> str:
    return f"{share * 100:.2f}%"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChartLine:
    """The values of one line: its tone in admin.css, which also says whether it is dashed, and its words."""

    tone: str
    label: str
    values: Sequence[int]


def lines(drawn: Sequence[ChartLine], *, label: str, height: int = LINES_HEIGHT, top: int = 0) -> SafeString:
    """Draw lines over the same points, up to the largest value or the given one, without any text but titles."""
    highest = max((value for line in drawn for value in line.values), default=0)
    if not highest:
        return NO_CHART
    return format_html(
        '<svg class="capi-lines" role="img" width="100%" height="{0}" viewBox="0 0 100 {0}" preserveAspectRatio="none">'
        "<title>{1}</title>{2}</svg>",
        height,
        label,
        format_html_join(
            "",
            '<polyline class="capi-line capi-line-{}" points="{}"><title>{}</title></polyline>',
            ((line.tone, points(line.values, max(top, highest), height), line.label) for line in drawn),
        ),
    )


def points(values: Sequence[int], top: int, height: int) -> str:
    """Return the points of a line; a single value becomes a level one."""
    level = [*values, *values] if len(values) == 1 else values
    last = len(level) - 1
    room = height - 2 * LINE_MARGIN
    return " ".join(
        f"{100 * place / last:.2f},{LINE_MARGIN + room * (1 - value / top):.2f}" for place, value in enumerate(level)
    )
