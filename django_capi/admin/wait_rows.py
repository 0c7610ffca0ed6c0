"""Where the time from an event to Meta's answer goes, as rows of the page on data freshness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import Any, Final

from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi.admin import charts, wording
from django_capi.reports import waits
from django_capi.reports.goals import share
from django_capi.reports.waits import WaitParts, Waits

PARTS: Final = {
    "storing": ("few", gettext_lazy("Before it was stored"), gettext_lazy("found late, such as by a backfill")),
    "waiting": ("both", gettext_lazy("Waiting to be sent"), gettext_lazy("until the first request")),
    "retries": (
        "poor",
        gettext_lazy("Retries"),
        gettext_lazy("requests that Meta did not accept, and pauses after them"),
    ),
    "answer": ("server", gettext_lazy("Meta's answer"), gettext_lazy("the accepted request, until it was recorded")),
}
PRECISE: Final = timedelta(seconds=10)  # below it, hundredths of a second are shown


@dataclass(frozen=True, kw_only=True, slots=True)
class PartRow:
    """One part of the time: half of the newest events spent at most this on it, 95 of 100 that."""

    tone: str
    label: Any
    meaning: Any
    median: str
    slowest: str
    longest: str
    share: str


def parts_chart(parts: Sequence[WaitParts]) -> SafeString:
    """The sums of the parts, in milliseconds."""
    segments = [
        charts.Segment(tone=tone, count=milliseconds(spent(parts, name)), label=str(label))
        for name, (tone, label, _meaning) in PARTS.items()
    ]
    whole = sum(segment.count for segment in segments)
    label = wording.listed(wording.pair(each.label, wording.percent(share(each.count, whole))) for each in segments)
    return charts.stack(segments, label=label)


def part_rows(parts: Sequence[WaitParts]) -> list[PartRow]:
    whole = milliseconds(spent(parts, "total"))
    rows = [
        part_row(tone, label, meaning, [attrgetter(name)(each) for each in parts], whole)
        for name, (tone, label, meaning) in PARTS.items()
    ]
    total = part_row("", gettext_lazy("All of it"), "", [each.total for each in parts], whole)
    return [*rows, total] if parts else []


def part_row(tone: str, label: Any, meaning: Any, lengths: Sequence[timedelta], whole: int) -> PartRow:
    return PartRow(
        tone=tone,
        label=label,
        meaning=meaning,
        median=precise(waits.percentile(lengths, 0.5)),
        slowest=precise(waits.percentile(lengths, 0.95)),
        longest=precise(max(lengths, default=None)),
        share=wording.percent(share(milliseconds(sum(lengths, timedelta())), whole)),
    )


def spent(parts: Sequence[WaitParts], name: str) -> timedelta:
    return sum((attrgetter(name)(each) for each in parts), timedelta())


def milliseconds(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)


def precise(length: timedelta | None) -> str:
    """Short times to a hundredth of a second, as most of Meta's answers take less than one."""
    if length is None or length >= PRECISE:
        return wording.duration(length)
    return _("%(number)s s") % {"number": formats.number_format(length.total_seconds(), decimal_pos=2)}


def sample(found: Waits) -> str:
    return _("Accepted events of this choice among the newest %(most)s events: %(count)s") % {
        "most": wording.number(waits.NEWEST),
        "count": wording.number(len(found.parts)),
    }
