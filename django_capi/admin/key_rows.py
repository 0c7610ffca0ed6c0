"""The table of the keys that Meta can deduplicate by, in the reader's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy

from django_capi.admin import wording
from django_capi.admin.figures import Figure, figure
from django_capi.reports.keys import KeyShare

KEY_WORDS: Final = {
    "event_id": (
        gettext_lazy("Event ID"),
        gettext_lazy("recommended; this app gives every event one, the same in both copies"),
    ),
    "external_id": (
        gettext_lazy("External ID"),
        gettext_lazy("of events that carry it in either copy, as guests have none; weak: the browser must come first"),
    ),
    "fbp": ("FBP", gettext_lazy("weak: only when the browser event arrives first")),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRow:
    """One key that Meta can deduplicate by."""

    name: Any
    hint: Any
    browser: str
    browser_figure: Figure | None  # None for the event id, which every event carries
    server: str
    server_figure: Figure | None
    overlap: Figure | None
    differ: str


def key_rows(shares: Sequence[KeyShare]) -> list[KeyRow]:
    return [key_row(each) for each in shares]


def key_row(each: KeyShare) -> KeyRow:
    is_judged = each.key != "event_id"
    browser = figure(each.browser_share, each.browser_grade, n=each.browser_of)
    server = figure(each.server_share, each.server_grade, n=each.server_of)
    return KeyRow(
        name=KEY_WORDS[each.key][0],
        hint=KEY_WORDS[each.key][1],
        browser=wording.number(each.browser),
        browser_figure=browser if is_judged else None,
        server=wording.number(each.server),
        server_figure=server if is_judged else None,
        overlap=figure(each.overlap, each.overlap_grade, n=min(each.browser, each.server)),
        differ=wording.number(each.differ) if each.differ else "",
    )
