"""Each open or closed diagnostic as a line of a page: what is wrong, how many events show it, and where they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, ngettext

from django_capi.admin import links, pills, pixels, stored, wording
from django_capi.admin.chosen import Chosen
from django_capi.admin.conversion_rows import ConversionLinks
from django_capi.admin.event_links import LOST, VALUE_MISMATCH, EventLinks
from django_capi.admin.figures import CountLink
from django_capi.admin.filters import LOST_CONVERSIONS
from django_capi.conf import conf
from django_capi.meta.left_out import MEANING, Reason
from django_capi.models import BrowserState, ConversionMark, Deduplication, Diagnostic, Event, ForeignPixel, Status
from django_capi.reports.diagnostics import TABLE, Diagnosis, DiagnosticSeverity, Unit, of_event
from django_capi.reports.diagnostics.open import by_severity
from django_capi.reports.goals import share
from django_capi.reports.outcomes import Outcome
from django_capi.reports.sums import Scope
from django_capi.reports.windows import Window, last_days

DOCUMENTATION: Final = "https://github.com/django-capi/django-capi/blob/main/docs/reference/diagnostics.md#{}"
SEVERITY: Final = {
    DiagnosticSeverity.ERROR: ("poor", "✕", gettext_lazy("Error")),
    DiagnosticSeverity.WARNING: ("fair", "▲", gettext_lazy("Warning")),
    DiagnosticSeverity.INFORMATION: ("quiet", "i", gettext_lazy("Information")),
}
CLOSES_AT_ONCE: Final = gettext_lazy("Closes as soon as the cause is gone.")
CLOSES_LATER: Final = gettext_lazy("Closes when the last 24 hours no longer show it.")

# The filters of the list of events that show exactly the affected ones.
LOOKUPS: Final[Mapping[str, Mapping[str, object]]] = {
    "lost": {"outcome": LOST},
    "expired": {"status__exact": int(Status.EXPIRED)},
    "in_doubt": {"status__exact": int(Status.IN_DOUBT)},
    "reused_event_id": {"shared_id__exact": 1},
    "value_mismatch": {"outcome": VALUE_MISMATCH},
    "low_coverage": {"outcome": Outcome.BROWSER},
    "library_blocked": {"browser_state__exact": int(BrowserState.BLOCKED)},
    "csp_blocks_pixel": {"browser_state__exact": int(BrowserState.FIRED)},
}
WAITING: Final = ("worker_down", "token", "permission", "dataset", "rate", "delivery_paused")  # whenever they happened
BY_REASON: Final = ("weak_combo", "missing_value", "bad_currency", "rejected")  # if the detail names the only one
MOST_SHOWN: Final = 5  # on another page
OF_CONVERSIONS: Final = ("conversions_lost",)
OF_OTHER_PIXELS: Final = ("second_pixel", "own_pixel_twice")
OF_REQUESTS: Final = ("fewer_agree",)  # that made no event
ROW_ID: Final = "capi-diagnostic-{}"  # of a row of the page of all diagnostics


@dataclass(frozen=True, kw_only=True, slots=True)
class DiagnosticLine:
    """One diagnostic as a page prints it."""

    pk: int
    row_id: str
    code: str
    severity: SafeString
    title: Any
    why: Any
    action: Any
    detail: str
    closes: Any
    event_name: str
    pixel: str
    count: str
    share: str
    first_seen: str
    last_seen: str
    closed: str
    muted_until: str
    documentation_url: str
    events_url: str


def lines(rows: Iterable[Diagnostic], site: AdminSite, request: HttpRequest) -> list[DiagnosticLine]:
    """Return a line for each row whose code is in the table."""
    return [line(row, TABLE[row.code], events_url(row, site, request)) for row in rows if row.code in TABLE]


def line(row: Diagnostic, diagnosis: Diagnosis, url: str) -> DiagnosticLine:
    is_share = diagnosis.unit in (Unit.EVENTS, Unit.CONVERSIONS) and not diagnosis.is_state
    return DiagnosticLine(
        pk=row.pk,
        row_id=ROW_ID.format(row.pk),
        code=row.code,
        severity=pills.pill(*SEVERITY[diagnosis.severity]),
        title=diagnosis.title,
        why=diagnosis.why,
        action=diagnosis.action,
        detail=explained(row),
        closes=CLOSES_AT_ONCE if diagnosis.is_state else CLOSES_LATER,
        event_name=row.event_name,
        pixel=pixels.name_of(row.pixel_id) if row.pixel_id else "",
        count=counted(row, diagnosis),
        share=wording.percent(share(row.affected, row.total)) if is_share and row.total else "",
        first_seen=wording.instant(row.first_seen_at),
        last_seen=wording.instant(row.last_seen_at),
        closed=wording.instant(row.closed_at),
        muted_until=wording.instant(row.muted_until),
        documentation_url=DOCUMENTATION.format(row.code),
        events_url=url if row.affected and row.is_open else "",
    )


def counted(row: Diagnostic, diagnosis: Diagnosis) -> str:
    """How many show it, of how many."""
    if not row.affected:
        return wording.NOTHING
    numbers = {"affected": wording.number(row.affected), "total": wording.number(row.total)}
    match diagnosis.unit:
        case Unit.PAGES:
            return ngettext("%(affected)s page", "%(affected)s pages", row.affected) % numbers
        case Unit.SECONDS:
            return ngettext("%(affected)s second", "%(affected)s seconds", row.affected) % numbers
        case Unit.DAYS:
            return wording.in_unit(row.affected, "days")
        case Unit.CONVERSIONS:
            words = ngettext("%(affected)s of %(total)s conversion", "%(affected)s of %(total)s conversions", row.total)
            return words % numbers
        case Unit.EVENTS:
            if row.affected == row.total:
                return ngettext("%(affected)s event", "%(affected)s events", row.affected) % numbers
            return ngettext("%(affected)s of %(total)s event", "%(affected)s of %(total)s events", row.total) % numbers


def explained(row: Diagnostic) -> str:
    """The detail in words: keys with the reason why they are left out, pixels, or the reason of a pause."""
    if row.code != "invalid_key":
        return stored.translated(row.detail)
    words = (word.partition(":") for word in row.detail.split())
    return "; ".join(
        wording.pair(
            key, stored.translated(MEANING[Reason(reason)]) if reason in Reason.__members__.values() else reason
        )
        for key, _colon, reason in words
    )


def events_url(row: Diagnostic, site: AdminSite, request: HttpRequest) -> str:
    """The list of exactly these events, where its filters can show them, or where what is no event is shown."""
    if row.code in OF_OTHER_PIXELS:
        return links.to_list(site, request, ForeignPixel)
    if row.code in OF_REQUESTS:
        return untracked_url(row, links.to_list(site, request, Deduplication))
    if row.code in OF_CONVERSIONS:
        return conversions_url(row, links.to_list(site, request, ConversionMark))
    address, lookups = links.to_list(site, request, Event), lookups_of(row)
    if not address or lookups is None:
        return ""
    window = Window(since=0) if row.code in WAITING else last_days(1, row.last_seen_at)
    scope = Scope(window=window, pixel_id=row.pixel_id or None, event_name=row.event_name or None)
    return EventLinks(list_url=address, scope=scope).to(outcome=lookups.pop("outcome", None), **lookups)


def conversions_url(row: Diagnostic, address: str) -> str:
    window = Window(since=int((row.last_seen_at - timedelta(days=1)).timestamp()))
    links_of = ConversionLinks(list_url=address, scope=Scope(window=window, event_name=row.event_name or None))
    return links_of.to(reason=LOST_CONVERSIONS) if address else ""


def untracked_url(row: Diagnostic, address: str) -> str:
    """What was not tracked of this pixel and event name, on the page of the last day."""
    chosen = Chosen(days=1, dates=None, pixel_id=row.pixel_id, event_name=row.event_name)
    return f"{address}{chosen.query()}#capi-untracked" if address else ""


def lookups_of(row: Diagnostic) -> dict[str, Any] | None:
    if row.code in WAITING:
        return {"outcome": Outcome.WAITING}
    if row.code in BY_REASON and row.detail:
        return {"status__exact": int(Status.REJECTED), "error_reason__exact": row.detail}
    if row.code == "test_code_left_on":
        codes = {pixel.pixel_id: pixel.test_event_code for pixel in conf.pixels().values()}
        return {"test_event_code__exact": codes.get(row.pixel_id, "")}
    return dict(LOOKUPS[row.code]) if row.code in LOOKUPS else None


def page_url(site: AdminSite, request: HttpRequest) -> str:
    """The page of all diagnostics; empty for those who may not see it, or where the site has no such page."""
    if not links.may_view(site, request, Diagnostic):
        return ""
    try:
        return reverse(f"{site.name}:django_capi_diagnostic_changelist")
    except NoReverseMatch:
        return ""


def panel(site: AdminSite, request: HttpRequest, now: datetime, *, pixel_id: str | None) -> dict[str, Any]:
    """What another page shows of the open diagnostics of a pixel, or of all; nothing to those who may not see them.

    Those that concern no pixel concern each. One query.
    """
    url = page_url(site, request)
    if not url:
        return {}
    rows = by_severity(Diagnostic.objects.open().heard(now))
    of_pixel = [row for row in rows if pixel_id is None or row.pixel_id in ("", pixel_id)]
    shown = lines(of_pixel[:MOST_SHOWN], site, request)
    return {
        "url": url,
        "lines": shown,
        "number": len(rows),
        "count": wording.number(len(rows)),
        "by_name": links_by_name(of_pixel, url),
    }


def links_by_name(rows: Iterable[Diagnostic], url: str) -> dict[str, CountLink]:
    """How many of these each event name has, with the place of the gravest on the page of all. The gravest is first."""
    by_name: dict[str, list[Diagnostic]] = {}
    for row in rows:
        if row.event_name and row.code in TABLE:
            by_name.setdefault(row.event_name, []).append(row)
    return {
        name: CountLink(count=in_words(found), url=f"{url}#{ROW_ID.format(found[0].pk)}")
        for name, found in by_name.items()
    }


def in_words(rows: Sequence[Diagnostic]) -> str:
    words = ngettext("%(count)s open diagnostic", "%(count)s open diagnostics", len(rows))
    return words % {"count": wording.number(len(rows))}


def of_this_event(event: Event) -> list[dict[str, Any]]:
    """What the page of an event says of the open diagnostics that it shows."""
    return [
        {
            "severity": pills.pill(*SEVERITY[TABLE[row.code].severity]),
            "title": TABLE[row.code].title,
            "why": TABLE[row.code].why,
            "action": TABLE[row.code].action,
            "documentation_url": DOCUMENTATION.format(row.code),
        }
        for row in of_event(event)
    ]
