"""Render a state as a coloured label with a mark and a word, so that colour is never alone."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_capi.models import BrowserState, Status
from django_capi.reports.goals import Grade

# The tone of admin.css, and the mark that says the same without colour.
SERVER = {
    Status.PENDING: ("quiet", "…"),
    Status.ACCEPTED: ("server", "✓"),
    Status.REJECTED: ("poor", "✕"),
    Status.EXPIRED: ("poor", "⌛"),
    Status.WITHDRAWN: ("quiet", "⊘"),
    Status.IN_DOUBT: ("fair", "?"),
}
BROWSER = {
    BrowserState.NONE: ("quiet", "–"),
    BrowserState.BLOCKED: ("fair", "⊘"),
    BrowserState.FIRED: ("browser", "✓"),
}
GRADE = {
    Grade.GOOD: ("good", "✓", _("Good")),
    Grade.LOSING: ("fair", "▲", _("Events lost")),
    Grade.FAIR: ("fair", "▲", _("Fair")),
    Grade.POOR: ("poor", "✕", _("Poor")),
    Grade.FEW: ("quiet", "·", _("Too few")),
    Grade.NONE: ("quiet", "–", _("No data")),
}


def pill(tone: str, mark: str, word: object) -> SafeString:
    return format_html('<span class="capi-pill capi-{}"><span aria-hidden="true">{}</span> {}</span>', tone, mark, word)


def server(status: int) -> SafeString:
    state = Status(status)
    return pill(*SERVER[state], state.label)


def browser(state: int) -> SafeString:
    known = BrowserState(state)
    return pill(*BROWSER[known], known.label)


def test() -> SafeString:
    return pill("quiet", "·", _("Test event"))


def grade(value: Grade) -> SafeString:
    return pill(*GRADE[value])
