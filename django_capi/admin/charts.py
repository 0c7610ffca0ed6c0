"""Shares come in; SVG bars go out. No script and no inline style: widths are attributes, colours are in admin.css."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

HEIGHT = 8
STACK_HEIGHT = 28
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
