"""Meta's figures beside this site's own, as rows of tables. No figure is computed from both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from django_capi.admin import charts, criteria, pills, wording
from django_capi.admin.event_links import EventLinks
from django_capi.models import DatasetQuality
from django_capi.reports.delays import Delays, Freshness
from django_capi.reports.goals import share
from django_capi.reports.keys import KeyShare, by_key
from django_capi.reports.overlap import Counts, Overlap

SCORE_GOAL: Final = 6.0  # of 10, by Meta's playbook
NOT_KNOWN: Final = Counts()
KEY_NAMES: Final[dict[str, Any]] = {
    "event_id": gettext_lazy("Event ID"),
    "external_id": gettext_lazy("External ID"),
    "fbp": "FBP",
}
MATCH_KEY_NAMES: Final = {
    "email": gettext_lazy("email address"),
    "phone": gettext_lazy("telephone number"),
    "ip_address": gettext_lazy("IP address"),
    "user_agent": gettext_lazy("user agent"),
    "external_id": gettext_lazy("external id"),
    "fbp": "_fbp",
    "fbc": "_fbc",
    "first_name": gettext_lazy("first name"),
    "last_name": gettext_lazy("last name"),
    "date_of_birth": gettext_lazy("date of birth"),
    "gender": gettext_lazy("gender"),
    "city": gettext_lazy("city"),
    "state": pgettext_lazy("part of a country", "state"),
    "zip_code": gettext_lazy("postcode"),
    "country": gettext_lazy("country"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportedRow:
    """What Meta says of an event name, and what this site says of it."""

    name: str
    url: str
    score: str
    score_pill: SafeString | str
    coverage: str
    coverage_bar: SafeString
    goal: str
    coverage_here: str
    freshness: Any
    freshness_here: Any
    acr: str
    age: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportedKeyRow:
    """One deduplication key of an event name: shares of events, as Meta and as this site say."""

    event_name: str
    key: str
    browser: str
    browser_here: str
    server: str
    server_here: str
    coverage: str
    coverage_here: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InformationRow:
    """The customer information that Meta received with the events of one name."""

    event_name: str
    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DiagnosticRow:
    """One of Meta's findings, in Meta's words."""

    event_name: str
    name: str
    description: str
    solution: str
    affected: str


def reported_rows(
    found: Sequence[DatasetQuality], measured: Overlap, links: EventLinks, now: datetime
) -> list[ReportedRow]:
    delays = {name: Delays.of(states) for name, states in measured.states_by_name().items()}
    return [
        ReportedRow(
            name=each.event_name,
            url=links.to(event_name=each.event_name) if each.event_name in measured.names else "",
            score=score(each.composite_score),
            score_pill=score_pill(each.composite_score),
            coverage=percent(each.event_coverage),
            coverage_bar=coverage_bar(each),
            goal=_("goal: %(share)s") % {"share": percent(each.coverage_goal)} if each.coverage_goal else "",
            coverage_here=wording.percent(measured.names.get(each.event_name, NOT_KNOWN).coverage),
            freshness=freshness(each.upload_frequency),
            freshness_here=criteria.FRESHNESS[delays.get(each.event_name, Delays()).freshness],
            acr=percent(each.acr),
            age=_("%(age)s ago") % {"age": wording.duration(now - each.retrieved_at)},
        )
        for each in found
    ]


def score(value: float | None) -> str:
    if value is None:
        return wording.NOTHING
    return _("%(score)s of 10") % {"score": formats.number_format(value, decimal_pos=1)}


def score_pill(value: float | None) -> SafeString | str:
    if value is None:
        return ""
    return pills.pill("good", "✓", _("Met")) if value >= SCORE_GOAL else pills.pill("poor", "✕", _("Not met"))


def coverage_bar(each: DatasetQuality) -> SafeString:
    goal = each.coverage_goal / 100 if each.coverage_goal else None
    part = each.event_coverage / 100 if each.event_coverage is not None else None
    is_met = part is not None and goal is not None and part >= goal
    return charts.bar(part, tone="good" if is_met else "fair", label=percent(each.event_coverage), goal=goal)


def percent(value: float | None) -> str:
    """A percentage of Meta's, in the same form as our own shares."""
    return wording.percent(None if value is None else value / 100)


def freshness(upload_frequency: str) -> Any:
    """Meta's step by its name; a word that is not known is shown as it is."""
    known = upload_frequency in set(Freshness)
    return criteria.FRESHNESS[Freshness(upload_frequency)] if known else upload_frequency or wording.NOTHING


def key_rows(found: Sequence[DatasetQuality], measured: Overlap) -> list[ReportedKeyRow]:
    states = measured.states_by_name()
    return [
        key_row(each.event_name, key, here(states.get(each.event_name, []), key), measured.names.get(each.event_name))
        for each in found
        for key in each.dedupe_keys
    ]


def here(states: Sequence[Any], key: dict[str, Any]) -> KeyShare | None:
    return next((each for each in by_key(states, lost=0) if each.key == key["dedupe_key"]), None)


def key_row(name: str, key: dict[str, Any], ours: KeyShare | None, counts: Counts | None) -> ReportedKeyRow:
    """Our shares are of all events of the channel, as Meta's are."""
    counts = counts or NOT_KNOWN
    by_id = ours is not None and ours.key == "event_id"
    return ReportedKeyRow(
        event_name=name,
        key=str(KEY_NAMES.get(key["dedupe_key"], key["dedupe_key"])),
        browser=percent(key["browser"]),
        browser_here=wording.percent(share(ours.browser, counts.browser) if ours else None),
        server=percent(key["server"]),
        server_here=wording.percent(share(ours.server, counts.server) if ours else None),
        coverage=percent(key["coverage"]),
        coverage_here=wording.percent(counts.coverage) if by_id else wording.NOTHING,
    )


def information_rows(found: Sequence[DatasetQuality]) -> list[InformationRow]:
    return [
        InformationRow(
            event_name=each.event_name,
            keys=tuple(
                _("%(key)s: %(share)s")
                % {"key": MATCH_KEY_NAMES.get(key["identifier"], key["identifier"]), "share": percent(key["coverage"])}
                for key in sorted(each.match_keys, key=lambda key: -key["coverage"])
            ),
        )
        for each in found
        if each.match_keys
    ]


def diagnostic_rows(found: Sequence[DatasetQuality]) -> list[DiagnosticRow]:
    return [
        DiagnosticRow(
            event_name=each.event_name,
            name=diagnostic["name"],
            description=diagnostic["description"],
            solution=diagnostic["solution"],
            affected=affected(diagnostic),
        )
        for each in found
        for diagnostic in each.diagnostics
    ]


def affected(diagnostic: dict[str, Any]) -> str:
    count, total = diagnostic["affected"], diagnostic["total"]
    if count is None or total is None:
        return percent(diagnostic["percentage"])
    values = {"count": wording.number(count), "total": wording.number(total)}
    if diagnostic["percentage"] is None:
        return _("%(count)s of %(total)s") % values
    return _("%(count)s of %(total)s (%(share)s)") % {**values, "share": percent(diagnostic["percentage"])}
