"""Counts come in; why some copies have no counterpart, and what to do when there are none at all, go out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from django_capi.admin import wording
from django_capi.models import BrowserState, Status
from django_capi.reports.overlap import Counts


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why some copies have no counterpart, how many, and where to see them."""

    tone: str
    channel: Any
    title: Any
    meaning: Any
    count: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A reason before it is counted."""

    tone: str
    channel: Any
    title: Any
    meaning: Any
    count: Callable[[Counts], int]
    filters: dict[str, int]


SERVER_ONLY = _("Server only")
BROWSER_ONLY = _("Browser only")
PAIRS = _("Both copies")


def in_state(status: Status, browser: BrowserState) -> dict[str, int]:
    return {"status__exact": int(status), "browser_state__exact": int(browser)}


KNOWN = (
    Known(
        tone="server",
        channel=SERVER_ONLY,
        title=_("The browser's pixel was blocked"),
        meaning=_("Kept by the server copy. If it is nearly every event, look whether your own CSP blocks the pixel."),
        count=lambda total: total.blocked,
        filters=in_state(Status.ACCEPTED, BrowserState.BLOCKED),
    ),
    Known(
        tone="server",
        channel=SERVER_ONLY,
        title=_("No receipt came from a page"),
        meaning=_("The tab was closed, the receipt was blocked, or the action belongs to no page, such as a webhook."),
        count=lambda total: total.unreported,
        filters=in_state(Status.ACCEPTED, BrowserState.NONE),
    ),
    Known(
        tone="browser",
        channel=BROWSER_ONLY,
        title=_("The server copy waits to be sent"),
        meaning=_("It meets its browser copy when it is delivered within 48 hours."),
        count=lambda total: total.pending,
        filters=in_state(Status.PENDING, BrowserState.FIRED),
    ),
    Known(
        tone="browser",
        channel=BROWSER_ONLY,
        title=_("The server copy was rejected"),
        meaning=_("A required value is missing or malformed. Each event says which."),
        count=lambda total: total.rejected,
        filters=in_state(Status.REJECTED, BrowserState.FIRED),
    ),
    Known(
        tone="browser",
        channel=BROWSER_ONLY,
        title=_("The server copy expired"),
        meaning=_("Nothing delivered it in time. See that a worker or manage.py capi_deliver runs all the time."),
        count=lambda total: total.expired,
        filters=in_state(Status.EXPIRED, BrowserState.FIRED),
    ),
    Known(
        tone="browser",
        channel=BROWSER_ONLY,
        title=_("Consent was withdrawn before sending"),
        meaning=_("The visitor changed their mind after the pixel had fired."),
        count=lambda total: total.withdrawn,
        filters=in_state(Status.WITHDRAWN, BrowserState.FIRED),
    ),
    Known(
        tone="browser",
        channel=BROWSER_ONLY,
        title=_("Meta's answer never came"),
        meaning=_("In doubt: held until somebody resends it or leaves it."),
        count=lambda total: total.in_doubt,
        filters=in_state(Status.IN_DOUBT, BrowserState.FIRED),
    ),
    Known(
        tone="poor",
        channel=PAIRS,
        title=_("One event id, several visitors"),
        meaning=_("Meta may drop real events as duplicates. Look for a cache that stores a page for everyone."),
        count=lambda total: total.shared_ids,
        filters={"shared_id__exact": 1},
    ),
)


def reasons(total: Counts, list_url: str) -> list[Reason]:
    """Those that occur, each with the list of its events."""
    return [
        Reason(
            tone=known.tone,
            channel=known.channel,
            title=known.title,
            meaning=known.meaning,
            count=wording.number(known.count(total)),
            url=f"{list_url}&{urlencode(known.filters)}",
        )
        for known in KNOWN
        if known.count(total)
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Empty:
    """What to say, and to do, when there is nothing to compare."""

    title: Any
    steps: tuple[Any, ...]


NOT_CONFIGURED = Empty(
    title=_("No pixel is configured yet."),
    steps=(
        _('Copy the dataset\'s id from Events Manager into CAPI["PIXEL_ID"] and a token into CAPI["ACCESS_TOKEN"].'),
        _("Run manage.py check: it names what is still missing."),
    ),
)
NEW = Empty(
    title=_("No events yet."),
    steps=(
        _("Add {% load capi %} and {% capi_pixel %} to the head of your base template."),
        _("Open your site in a browser."),
        _("The page view appears here within a second."),
    ),
)
QUIET = Empty(
    title=_("No events in this window."),
    steps=(_("Choose a longer window, or another pixel."),),
)
NO_RECEIPTS = Empty(
    title=_("We have sends but no browser receipts."),
    steps=(
        _("Is {% capi_pixel %} on the page?"),
        _("Is the collector blocked by a content security policy, or django_capi.urls missing from the URLconf?"),
    ),
)
ALL_BLOCKED = Empty(
    title=_("Pages report, but Meta's pixel never ran."),
    steps=(
        _("Does your content security policy allow connect.facebook.net and www.facebook.com?"),
        _("Open the site in a browser without an ad blocker."),
    ),
)
NO_SENDS = Empty(
    title=_("Browsers report events, but Meta has accepted no server copy."),
    steps=(
        _("Is a Celery worker with beat, or manage.py capi_deliver --watch, running?"),
        _("Is the access token valid? A paused lane says why it pauses."),
    ),
)
NOTHING_REACHED = Empty(
    title=_("Events are stored, but no copy of any has reached Meta."),
    steps=NO_SENDS.steps,
)


def empty_state(total: Counts, *, is_configured: bool, is_new: bool) -> Empty | None:
    """The first thing to mend, or None when both channels are there."""
    if not is_configured:
        return NOT_CONFIGURED
    if not total.events:
        return NEW if is_new else QUIET
    if total.browser and total.server:
        return None
    if total.browser:
        return NO_SENDS
    if total.stopped:
        return ALL_BLOCKED
    return NO_RECEIPTS if total.server else NOTHING_REACHED
