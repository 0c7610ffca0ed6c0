"""Why copies are missing, by event, with the evidence that the ledger has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi.admin import stored, wording
from django_capi.admin.conversion_rows import ConversionLinks
from django_capi.admin.event_links import EventLinks
from django_capi.admin.figures import OUTCOMES
from django_capi.models import BrowserState, NotSent, Status
from django_capi.reports.evidence import MOST_STORED, Unreported, Unsent
from django_capi.reports.outcomes import Outcome
from django_capi.reports.sums import State

MOST_ROWS: Final = 100  # of the table: a site may have any number of event names


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingCopies:
    """Why some copies of one event are missing, how many, and where to see them."""

    tone: str
    channel: Any
    event_name: str
    title: Any
    meaning: Any
    count: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What one state of the server copy, or of the browser copy of an accepted event, means."""

    title: Any
    meaning: Any


ACCEPTED: Final[Mapping[BrowserState, Known]] = {
    BrowserState.BLOCKED: Known(
        title=gettext_lazy("The browser's pixel was blocked"),
        meaning=gettext_lazy(
            "The page reported that Meta's library did not run. If it is nearly every event, your own CSP may block it."
        ),
    ),
    BrowserState.NONE: Known(
        title=gettext_lazy("No receipt came from a page"),
        meaning=gettext_lazy(
            "The script did not load, its receipt was blocked, the tab was closed, or the action belongs to no page."
        ),
    ),
}
FINAL: Final[Mapping[Status, Known]] = {
    Status.REJECTED: Known(
        title=gettext_lazy("The server copy was rejected"),
        meaning=gettext_lazy("A required value is missing or malformed. Each event says which."),
    ),
    Status.EXPIRED: Known(
        title=gettext_lazy("The server copy expired"),
        meaning=gettext_lazy("Nothing delivered it in time. Is a worker or manage.py capi_deliver always running?"),
    ),
    Status.WITHDRAWN: Known(
        title=gettext_lazy("Withdrawn before sending"),
        meaning=gettext_lazy("The visitor withdrew consent, or staff withdrew the event. There is nothing to correct."),
    ),
    Status.IN_DOUBT: Known(
        title=gettext_lazy("Meta's answer never came"),
        meaning=gettext_lazy("In doubt: held until it is resent or left."),
    ),
    Status.PENDING: Known(
        title=gettext_lazy("The server copy waits to be sent"),
        meaning=gettext_lazy("It meets its browser copy when it is delivered within 48 hours."),
    ),
}
BROWSER_TOO: Final[Mapping[BrowserState, Any]] = {
    BrowserState.NONE: gettext_lazy("No receipt came from a page either."),
    BrowserState.BLOCKED: gettext_lazy("The browser's pixel was blocked, too."),
    BrowserState.FIRED: gettext_lazy("The browser's pixel fired."),
}
SHARED_ID: Final = Known(
    title=gettext_lazy("One event id, several visitors"),
    meaning=gettext_lazy("Meta may drop real events as duplicates. Look for a cache that stores a page for everyone."),
)
NOT_SENT: Final[Mapping[NotSent, Any]] = {
    NotSent.BEFORE: gettext_lazy("Nothing is lost that this app could have sent."),
    NotSent.DENIED: gettext_lazy("Respecting the visitor's answer; there is nothing to correct."),
    NotSent.WITHDRAWN: gettext_lazy("Respecting the visitor's answer; there is nothing to correct."),
    NotSent.UNKNOWN: gettext_lazy("Does your consent banner store its answer before the checkout?"),
    NotSent.EXCLUDED: gettext_lazy("If these are customers, check EXCLUDE and the crawler list."),
    NotSent.NO_PIXEL: gettext_lazy("PIXEL_FOR names no pixel for these objects."),
    NotSent.TOO_OLD: gettext_lazy("No worker ran for longer than Meta accepts events."),
}
# What Meta does not know at all comes first.
ORDER: Final = (Outcome.NEITHER, Outcome.BROWSER, Outcome.SERVER, Outcome.WAITING)


def reasons(states: Sequence[State], links: EventLinks, unreported: Mapping[str, Unreported]) -> list[MissingCopies]:
    """Every reason that occurs, with the list of its events; the gravest outcome and the largest count first."""
    counts: Counter[tuple[Outcome, str, Status, BrowserState, str]] = Counter()
    for state in states:
        if state.outcome is not Outcome.MET:
            counts[state.outcome, state.event_name, state.status, state.browser_state, state.reason] += state.events
    ordered = sorted(counts.items(), key=lambda item: (ORDER.index(item[0][0]), -item[1], item[0]))
    return [
        *(reason(*key, count=count, links=links, unreported=unreported) for key, count in ordered[:MOST_ROWS]),
        *shared_ids(states, links),
    ]


def reason(
    outcome: Outcome,
    event_name: str,
    status: Status,
    browser_state: BrowserState,
    why: str,
    *,
    count: int,
    links: EventLinks,
    unreported: Mapping[str, Unreported],
) -> MissingCopies:
    tone, channel, _meaning = OUTCOMES[outcome]
    known = ACCEPTED[browser_state] if status is Status.ACCEPTED else FINAL[status]
    return MissingCopies(
        tone=tone,
        channel=channel,
        event_name=event_name,
        title=wording.pair(known.title, stored.translated(why)) if why else known.title,
        meaning=" ".join(map(str, meanings(known, status, browser_state, unreported.get(event_name)))),
        count=wording.number(count),
        url=links.to(
            event_name=event_name,
            status__exact=int(status),
            browser_state__exact=int(browser_state),
            error_reason__exact=why or None,
        ),
    )


def meanings(
    known: Known, status: Status, browser_state: BrowserState, unreported: Unreported | None
) -> Iterable[object]:
    yield known.meaning
    if status is not Status.ACCEPTED:
        yield BROWSER_TOO[browser_state]
    elif browser_state is BrowserState.NONE and unreported:
        yield _(
            "Of the newest %(most)s conversions: a page with the browser copy was rendered for %(rendered)s of these, "
            "and for %(not_rendered)s none was."
        ) % {
            "most": wording.number(MOST_STORED),
            "rendered": wording.number(unreported.rendered),
            "not_rendered": wording.number(unreported.not_rendered),
        }


def shared_ids(states: Sequence[State], links: EventLinks) -> list[MissingCopies]:
    counts: Counter[str] = Counter()
    for state in states:
        counts[state.event_name] += state.figures["shared_ids"]
    return [
        MissingCopies(
            tone="poor",
            channel=_("Shared id"),
            event_name=event_name,
            title=SHARED_ID.title,
            meaning=SHARED_ID.meaning,
            count=wording.number(count),
            url=links.to(event_name=event_name, shared_id__exact=1),
        )
        for event_name, count in (+counts).most_common(MOST_ROWS)
    ]


def lost_conversions(unsent: Unsent, links: ConversionLinks) -> list[MissingCopies]:
    """The conversions that have no event and are lost. They are in none of the five outcomes."""
    return of_conversions(unsent.lost, unsent, links, tone="poor")


def not_sent(unsent: Unsent, links: ConversionLinks) -> list[MissingCopies]:
    """All others that have no event."""
    return of_conversions(unsent.counts - unsent.lost, unsent, links, tone="quiet")


def of_conversions(
    found: Counter[tuple[str, NotSent]], unsent: Unsent, links: ConversionLinks, *, tone: str
) -> list[MissingCopies]:
    return [
        MissingCopies(
            tone=tone,
            channel=_("Not sent"),
            event_name=event_name,
            title=why.label,
            meaning=NOT_SENT[why],
            count=wording.at_least(count) if unsent.is_cut else wording.number(count),
            url=links.to(reason=why.value, event_name=event_name),
        )
        for (event_name, why), count in found.most_common()
    ]
