"""What happened to an event and what to do about it, in plain sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi.admin import stored, wording
from django_capi.consent import Consent
from django_capi.ledger.store import DEDUPLICATION_WINDOW, HELD
from django_capi.models import BrowserState, ConversionMark, Event, Origin, Rank, Status
from django_capi.reports.diagnostics.about_delivery import FUTURE
from django_capi.reports.freshness import Backlog, Pause


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """What happened, what to do, and how good that is: a tone of admin.css."""

    tone: str
    happened: Any
    advice: Any


NOTHING_TO_DO = gettext_lazy("Nothing to do.")
BLOCKED = Story(
    tone="good",
    happened=gettext_lazy(
        "Meta has the server copy. The browser's pixel could not run, so without the server copy "
        "this event would be lost."
    ),
    advice=NOTHING_TO_DO,
)
MET = Story(
    tone="good",
    happened=gettext_lazy(
        "Meta accepted the server copy, and the page reported that Meta's pixel fired the browser copy with the same "
        "event name and event id, so that Meta can keep one and drop the other."
    ),
    advice=gettext_lazy(
        "Nothing to do. Whether the pixel's own request reached Meta cannot be seen from here: a blocker may stop it "
        "after the pixel has fired."
    ),
)
SERVER_LATE = Story(
    tone="poor",
    happened=gettext_lazy(
        "Meta accepted the server copy more than 48 hours after the page had reported the browser copy. Meta drops a "
        "duplicate only within 48 hours, so it may have counted this event twice."
    ),
    advice=gettext_lazy("Make sure that a worker or manage.py capi_deliver runs all the time."),
)
BROWSER_LATE = Story(
    tone="poor",
    happened=gettext_lazy(
        "The page reported the browser copy more than 48 hours after Meta had accepted the server copy. Meta drops a "
        "duplicate only within 48 hours, so it may have counted this event twice."
    ),
    advice=gettext_lazy(
        "A page that is opened again days later, from a cache or as a restored tab, fires its copy then. If many "
        "events are like this, check how long caches keep the page."
    ),
)
NOT_SENT_ANYWHERE = Story(
    tone="fair",
    happened=gettext_lazy(
        'Nothing was sent to Meta: CAPI["SENDER"] was "console" or "memory", which accept every event and send none.'
    ),
    advice=gettext_lazy('Set CAPI["SENDER"] to "graph" and give an access token to send events to Meta.'),
)
NO_PAGE = Story(
    tone="good",
    happened=gettext_lazy("Meta has the server copy. No page reported a browser copy."),
    advice=gettext_lazy("Nothing to do if this action belongs to no page, such as a payment confirmed by a webhook."),
)
NOT_RENDERED = Story(
    tone="fair",
    happened=gettext_lazy("Meta has the server copy. No page rendered the browser copy of this conversion."),
    advice=gettext_lazy(
        "Nothing to do if the customer never came back to the site, such as after a payment by bank transfer. If there "
        "is a thank-you page, check that it has {% capi_event %} with the object. It renders the copy once, within a "
        "day, for the browser that made the object."
    ),
)
NO_RECEIPT = Story(
    tone="fair",
    happened=gettext_lazy(
        "Meta has the server copy. The page that rendered this event never reported its browser copy."
    ),
    advice=gettext_lazy(
        "An occasional missing receipt is a closed tab. If most are missing, check that {% capi_pixel %} is on the "
        "page and that no content security policy or blocker stops its script or the collector."
    ),
)
SHARED = Story(
    tone="poor",
    happened=gettext_lazy(
        "Browsers of different visitors reported this one event id, so Meta may drop real events as duplicates."
    ),
    advice=gettext_lazy("Check for a cache that stores this page for all visitors."),
)
WITHDRAWN = Story(
    tone="quiet",
    happened=gettext_lazy(
        "The server copy was not sent: the visitor withdrew consent before it was sent, or staff withdrew it."
    ),
    advice=NOTHING_TO_DO,
)
IN_DOUBT = Story(
    tone="fair",
    happened=gettext_lazy(
        "The request with the server copy broke off before Meta answered, so it is not known whether it arrived."
    ),
    advice=gettext_lazy(
        "Look for it in Events Manager. If it is missing, resend it; if not, resending may count it twice."
    ),
)

CORRECT = gettext_lazy(
    "Correct what the site sends for the next events. Resending sends the same bytes again, which helps only "
    "when the cause was in the settings at Meta."
)
CORRECT_UNSENT = gettext_lazy(
    "Correct what the site sends for the next events. This one stays as it was stored, and is not sent while Meta "
    "would refuse it."
)
IN_THE_FUTURE = gettext_lazy(
    "The clock of the machine that stored this event was ahead. Keep the clocks of all machines in step, with chrony "
    "or systemd-timesyncd, and resend this event when its time has passed."
)


def tell(event: Event, *, backlog: Backlog, now: datetime, mark: ConversionMark | None, reached_meta: bool) -> Story:
    """What happened to the event, and what to do about it now."""
    if event.shared_id and event.status in (Status.PENDING, Status.ACCEPTED):
        return SHARED
    match Status(event.status):
        case Status.PENDING:
            return pending(event, backlog=backlog, now=now)
        case Status.ACCEPTED:
            return accepted(event, mark) if reached_meta else NOT_SENT_ANYWHERE
        case Status.REJECTED:
            return rejected(event)
        case Status.EXPIRED:
            return expired(event)
        case Status.WITHDRAWN:
            return WITHDRAWN
        case Status.IN_DOUBT:
            return IN_DOUBT


def accepted(event: Event, mark: ConversionMark | None) -> Story:
    if event.browser_state == BrowserState.FIRED:
        return met(event)
    if event.browser_state == BrowserState.BLOCKED:
        return BLOCKED
    if mark:
        return rendered(mark.shown_at) if mark.shown_at else NOT_RENDERED
    return NO_RECEIPT if event.origin in (Origin.PAGE, Origin.BROWSER) else NO_PAGE


def met(event: Event) -> Story:
    if not (event.finished_at and event.browser_at):
        return MET
    server_after = event.finished_at - event.browser_at
    if abs(server_after) <= DEDUPLICATION_WINDOW:
        return MET
    return SERVER_LATE if server_after > timedelta(0) else BROWSER_LATE


def rendered(shown_at: datetime) -> Story:
    return Story(
        tone="fair",
        happened=_(
            "Meta has the server copy. A page rendered the browser copy at %(time)s, but the browser never reported it."
        )
        % {"time": wording.instant(shown_at)},
        advice=_(
            "Either the page was closed at once, or a blocker or a content security policy stopped the script of "
            "{% capi_pixel %} or its report to the collector. A blocked pixel alone would be reported as blocked."
        ),
    )


def pending(event: Event, *, backlog: Backlog, now: datetime) -> Story:
    if event.consent < Consent.LIMITED:
        return Story(
            tone="quiet",
            happened=_("The server copy is held back: there was no consent when this happened."),
            advice=_("Nothing to do. Without consent it is never sent."),
        )
    pause = next((pause for pause in backlog.pauses if pause.pixel_id == event.pixel_id), None)
    if pause and (event.due_at <= pause.until or event.due_at >= HELD):
        return paused(pause)
    waited = wording.duration(now - event.due_at)
    if event.rank == Rank.QUARANTINE:
        return quarantined(event, now)
    if event.due_at >= HELD:
        return Story(
            tone="quiet",
            happened=_("The server copy was stored inside a transaction. Its data is read again before it is sent."),
            advice=_("Nothing to do: the next delivery does that."),
        )
    if event.due_at > now:
        return Story(
            tone="quiet",
            happened=_("The server copy is to be sent at %(time)s.") % {"time": wording.instant(event.due_at)},
            advice=NOTHING_TO_DO,
        )
    if backlog.is_late:
        return Story(
            tone="poor",
            happened=_("The server copy has waited %(waited)s to be sent.") % {"waited": waited},
            advice=_("Start a Celery worker with beat, or run manage.py capi_deliver."),
        )
    return Story(
        tone="quiet",
        happened=_("The server copy is stored and has waited %(waited)s to be sent.") % {"waited": waited},
        advice=_("Nothing to do: the next delivery takes it."),
    )


def quarantined(event: Event, now: datetime) -> Story:
    happened = _("Meta's servers fail at this event and accept the others.")
    if event.due_at > now:
        happened = _("Meta's servers fail at this event and accept the others. It is sent again at %(time)s.") % {
            "time": wording.instant(event.due_at)
        }
    return Story(
        tone="fair",
        happened=happened,
        advice=_("It is sent alone once an hour until its deadline. Check its payload for an unusual value."),
    )


def paused(pause: Pause) -> Story:
    return Story(
        tone="fair",
        happened=_("The server copy waits: sending for this pixel is paused until %(time)s. %(reason)s")
        % {"time": wording.instant(pause.until), "reason": stored.translated(pause.reason)},
        advice=_("Fix the cause, then press “Resume now” above. No event is lost meanwhile."),
    )


def rejected(event: Event) -> Story:
    advice = CORRECT if event.attempts else CORRECT_UNSENT
    return Story(
        tone="poor", happened=refusal(event), advice=IN_THE_FUTURE if event.error_subcode == FUTURE else advice
    )


def refusal(event: Event) -> str:
    code, reason = code_of(event), stored.translated(event.error_reason) or _("no reason was given")
    if event.attempts:
        coded, plain = (
            _("Meta refused the server copy (%(code)s): %(reason)s"),
            _("Meta refused the server copy: %(reason)s"),
        )
    else:
        coded = _("The server copy was not sent, because Meta would refuse it (%(code)s): %(reason)s")
        plain = _("The server copy was not sent, because Meta would refuse it: %(reason)s")
    return (coded if code else plain) % {"code": code, "reason": reason}


def code_of(event: Event) -> str:
    """Meta's code and subcode; empty where it gave none."""
    return " / ".join(str(code) for code in (event.error_code, event.error_subcode) if code is not None)


def expired(event: Event) -> Story:
    return Story(
        tone="poor",
        happened=_(
            "The server copy was not delivered before its deadline, %(time)s. "
            "After that Meta refuses it or counts it twice."
        )
        % {"time": wording.instant(event.deadline)},
        advice=_("It can no longer be sent. Make sure that a worker or manage.py capi_deliver runs all the time."),
    )
