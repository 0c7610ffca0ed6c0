"""What the Deduplication page says when it has little or nothing to compare, and what to do then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from django_capi.conf import conf
from django_capi.models import Event, Lane
from django_capi.reports.deleted import first_hour
from django_capi.reports.overlap import Counts
from django_capi.reports.static_files import lacks_script
from django_capi.reports.windows import Window


@dataclass(frozen=True, kw_only=True, slots=True)
class Empty:
    """What is missing, and the steps to get it."""

    title: Any
    steps: tuple[Any, ...]


NOT_CONFIGURED = Empty(
    title=_("No pixel is configured yet."),
    steps=(
        _('Copy the dataset\'s id from Events Manager into CAPI["PIXEL_ID"] and a token into CAPI["ACCESS_TOKEN"].'),
        _("Run manage.py check: it names what is still missing."),
    ),
)
NO_CONSENT_POLICY = Empty(
    title=_("No consent policy is configured, so nothing is tracked."),
    steps=(_('Set CAPI["CONSENT"] to a callable that says whether a visitor has agreed.'),),
)
NO_STATIC_FILES = Empty(
    title=_("The script of this app is not among the static files."),
    steps=(_("Run manage.py collectstatic, and see that the server serves STATIC_URL."),),
)
ONLY_TEST_EVENTS = Empty(
    title=_("There are only test events in this window, and they are not counted."),
    steps=(_('Remove CAPI["TEST_EVENT_CODE"] when you have finished testing.'),),
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
    steps=(_("Choose another window, another event or another pixel."),),
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
NO_WORKER = Empty(
    title=_("Events wait to be sent, but no worker has ever run."),
    steps=(_("Start a Celery worker with beat, or keep manage.py capi_deliver --watch running."),),
)
NOTHING_SENT = Empty(
    title=_("Events wait to be sent, and Meta has accepted none."),
    steps=(
        _("Is a Celery worker with beat, or manage.py capi_deliver --watch, running?"),
        _("Is the access token valid? A paused pixel says why it is paused."),
    ),
)
NO_SENDS = Empty(
    title=_("Browsers report events, but Meta has accepted no server copy."),
    steps=(_("The reasons are listed below, each with its events."),),
)
NOTHING_REACHED = Empty(
    title=_("Events are stored, but no copy of any has reached Meta."),
    steps=NO_SENDS.steps,
)
NONE_ACCEPTED = Empty(
    title=_("Meta has accepted no event of this window from the server."),
    steps=(_("The page on deduplication lists the reasons, each with its events."),),
)
SENDERS: Final = {
    "console": _('SENDER is "console": events are printed, and nothing is sent to Meta.'),
    "memory": _('SENDER is "memory": events are kept in memory and nothing is sent to Meta.'),
}


def notice() -> Any:
    """What makes every figure of the server untrue; nothing for the sender that sends."""
    return SENDERS.get(conf.sender(), "")


def empty_state(total: Counts, *, window: Window) -> Empty | None:
    """Return the first thing to correct, or None when both channels have events, or only conversions were lost."""
    if not conf.pixels():
        return NOT_CONFIGURED
    if total.lost_conversions and not total.events:
        return None
    if not total.events:
        return without_events(window)
    if total.browser and total.server:
        return None
    if not total.server:
        return without_server(total)
    if total.stopped:
        return ALL_BLOCKED
    return NO_STATIC_FILES if lacks_script() else NO_RECEIPTS


def of_accepted(total: Counts, *, window: Window) -> Empty | None:
    """The same for a page that shows accepted events only."""
    found = empty_state(total, window=window)
    return NONE_ACCEPTED if found is None and not total.events else found


def without_events(window: Window) -> Empty:
    if conf.CONSENT is None:
        return NO_CONSENT_POLICY
    if has_test_events(window):
        return ONLY_TEST_EVENTS
    if not is_new():
        return QUIET
    return NO_STATIC_FILES if lacks_script() else NEW


def is_new() -> bool:
    """Whether no event has been counted or stored yet. What has been counted may be deleted."""
    return first_hour() is None and not Event.objects.exists()


def without_server(total: Counts) -> Empty:
    if not total.waiting:
        return NO_SENDS if total.browser else NOTHING_REACHED
    return NOTHING_SENT if Lane.objects.filter(seen_at__isnull=False).exists() else NO_WORKER


def has_test_events(window: Window) -> bool:
    """Whether the window has any: only they are in it when it counts no others."""
    events = Event.objects.filter(event_time__gte=window.since)
    if window.until is not None:
        events = events.filter(event_time__lt=window.until)
    return bool(events.order_by("event_time").values_list("test_event_code", flat=True).first())
