"""A ledger row comes in; what happened to it and what to do about it go out, in plain sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi.admin import wording
from django_capi.consent import Consent
from django_capi.ledger.store import HELD
from django_capi.models import BrowserState, Event, Origin, Rank, Status
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
        "Both copies went to Meta with the same event name and event id, so that Meta can keep one and drop the other."
    ),
    advice=NOTHING_TO_DO,
)
NO_PAGE = Story(
    tone="good",
    happened=gettext_lazy("Meta has the server copy. No page reported a browser copy."),
    advice=gettext_lazy("Nothing to do if this action belongs to no page, such as a payment confirmed by a webhook."),
)
NO_RECEIPT = Story(
    tone="fair",
    happened=gettext_lazy(
        "Meta has the server copy. The page that rendered this event never reported its browser copy."
    ),
    advice=gettext_lazy(
        "Now and then that is a closed tab. If it is the rule, look whether {% capi_pixel %} is on the page and "
        "whether a content security policy or a blocker stops the collector."
    ),
)
SHARED = Story(
    tone="poor",
    happened=gettext_lazy(
        "Browsers of different visitors reported this one event id, so Meta may drop real events as duplicates."
    ),
    advice=gettext_lazy("Look for a cache that stores this page for everyone."),
)
WITHDRAWN = Story(
    tone="quiet",
    happened=gettext_lazy("The server copy was not sent: the visitor withdrew consent before its turn."),
    advice=NOTHING_TO_DO,
)
IN_DOUBT = Story(
    tone="fair",
    happened=gettext_lazy(
        "The request with the server copy broke off before Meta answered, so nobody knows whether it arrived."
    ),
    advice=gettext_lazy(
        "Look for it in Events Manager. If it is missing, resend it; if not, resending may count it twice."
    ),
)


def tell(event: Event, *, backlog: Backlog, now: datetime) -> Story:
    """The one thing worth saying about this event now."""
    if event.shared_id and event.status in (Status.PENDING, Status.ACCEPTED):
        return SHARED
    match Status(event.status):
        case Status.PENDING:
            return pending(event, backlog=backlog, now=now)
        case Status.ACCEPTED:
            return accepted(event)
        case Status.REJECTED:
            return rejected(event)
        case Status.EXPIRED:
            return expired(event)
        case Status.WITHDRAWN:
            return WITHDRAWN
        case Status.IN_DOUBT:
            return IN_DOUBT


def accepted(event: Event) -> Story:
    if event.browser_state == BrowserState.FIRED:
        return MET
    if event.browser_state == BrowserState.BLOCKED:
        return BLOCKED
    return NO_RECEIPT if event.origin in (Origin.PAGE, Origin.BROWSER) else NO_PAGE


def pending(event: Event, *, backlog: Backlog, now: datetime) -> Story:
    if event.consent < Consent.LIMITED:
        return Story(
            tone="quiet",
            happened=_("The server copy is held back: there was no consent when this happened."),
            advice=_("Nothing to do. Without consent it is never sent."),
        )
    pause = next((pause for pause in backlog.pauses if pause.pixel_id == event.pixel_id), None)
    if pause:
        return paused(pause)
    waited = wording.duration(now - event.due_at)
    if event.rank == Rank.QUARANTINE:
        return Story(
            tone="fair",
            happened=_("Meta's servers fail whenever they are sent this event, and take the others."),
            advice=_("It is sent by itself once an hour until its deadline. Look for something odd in its payload."),
        )
    if event.due_at >= HELD:
        return Story(
            tone="quiet",
            happened=_("The server copy was stored inside a transaction. Its data is read again before it is sent."),
            advice=_("Nothing to do: the next delivery does that."),
        )
    if event.due_at > now:
        return Story(
            tone="quiet",
            happened=_("The server copy waits for its turn at %(time)s.") % {"time": wording.instant(event.due_at)},
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


def paused(pause: Pause) -> Story:
    return Story(
        tone="fair",
        happened=_("The server copy waits: sending for this pixel is paused until %(time)s. %(reason)s")
        % {"time": wording.instant(pause.until), "reason": pause.reason},
        advice=_("Mend the cause, then choose “Resume now” under Lanes. No event is lost meanwhile."),
    )


def rejected(event: Event) -> Story:
    if event.attempts:
        happened = _("Meta refused the server copy%(code)s: %(reason)s")
    else:
        happened = _("The server copy was not sent, because Meta would refuse it%(code)s: %(reason)s")
    return Story(
        tone="poor",
        happened=happened % {"code": code_of(event), "reason": event.error_reason or _("no reason was given")},
        advice=_(
            "Correct what the site sends for the next events. Resending sends the same bytes again, which helps only "
            "when the cause was in the settings at Meta."
        ),
    )


def code_of(event: Event) -> str:
    numbers = [str(code) for code in (event.error_code, event.error_subcode) if code is not None]
    return f" ({' / '.join(numbers)})" if numbers else ""


def expired(event: Event) -> Story:
    return Story(
        tone="poor",
        happened=_(
            "The server copy was not delivered before its deadline, %(time)s. "
            "After that Meta refuses it or counts it twice."
        )
        % {"time": wording.instant(event.deadline)},
        advice=_("It cannot be sent any more. See that a worker or manage.py capi_deliver runs all the time."),
    )
