"""Who made an object, and what that visitor allows at the moment it becomes a conversion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from django_capi import callbacks, tracking
from django_capi import consent as policies
from django_capi.consent import Consent
from django_capi.conversions.base import Conversion, ask
from django_capi.ledger import snapshots
from django_capi.ledger.snapshots import StoredVisitor
from django_capi.models import NotSent
from django_capi.requests.visitor import Visitor, session_key


def keep(object_ref: str, page: tracking.RequestEvents | None) -> None:
    """Remember who made the object: the payment's webhook comes from another client.

    Staff at work in the admin and other servers are no visitors. Of one who did not agree only the answer is kept.
    """
    if page is None or is_admin(page.request):
        return
    if page.is_ignored:
        snapshots.save(object_ref, Visitor(consent=Consent.UNKNOWN), excluded_as=page.excluded_as)
    elif is_browser(page.visitor):
        snapshots.save(object_ref, page.visitor, session=session_key(page.request))


def excluded_as(object_ref: str, page: tracking.RequestEvents | None) -> str:
    """Why an object's conversion is excluded, as it was kept with the object or by this request."""
    if page and page.is_ignored:
        return page.excluded_as
    kept = snapshots.find(object_ref)
    return kept.excluded_as if kept else ""


def is_admin(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and "admin" in match.app_names


def is_browser(visitor: Visitor) -> bool:
    """Every browser's agent begins with Mozilla/, in-app ones included; a payment provider's does not."""
    return (visitor.client_user_agent or "").startswith("Mozilla/")


def at_moment(
    conversion: Conversion[Any], obj: Model, object_ref: str, page: tracking.RequestEvents | None
) -> Visitor | NotSent:
    """The visitor whose conversion it is, with the consent that holds now, or why it is not sent.

    The answer of the request in which it happens counts when that is the visitor's own request, else the visitor's
    last word that was kept with the object, else what the site says of it.
    """
    kept = snapshots.find(object_ref)
    if (page and page.is_ignored) or (kept and kept.is_excluded):
        return NotSent.EXCLUDED
    visitor = last_word(object_ref, kept, page) if kept else Visitor(consent=Consent.UNKNOWN)
    if visitor.consent is Consent.UNKNOWN:
        visitor = replace(visitor, consent=said(conversion, obj), decided_at=timezone.now())
    if visitor.consent.is_given:
        return visitor
    if kept and kept.has_withdrawn:
        return NotSent.WITHDRAWN
    return NotSent.DENIED if visitor.consent is Consent.DENIED else NotSent.UNKNOWN


def follow_session(*, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """A log-in gives the visitor's session another key: what is kept of its orders follows."""
    before = request.COOKIES.get(settings.SESSION_COOKIE_NAME) if request else None
    now = session_key(request) if request else None
    if before and now and before != now:
        with tracking.Quietly("The visitor's session"):
            snapshots.change_session(before, now)


def hear(object_ref: str, page: tracking.RequestEvents | None) -> None:
    """Keep what the visitor says in a request that changes the object without converting it."""
    kept = snapshots.find(object_ref) if page and is_browser(page.visitor) else None
    if kept:
        last_word(object_ref, kept, page)


def last_word(object_ref: str, kept: StoredVisitor, page: tracking.RequestEvents | None) -> Visitor:
    """The visitor who made the object, with the answer of this request when it is that visitor's own.

    A withdrawal is a no as well: after it, only the visitor's own later yes counts.
    """
    before = replace(kept.visitor, consent=Consent.DENIED) if kept.has_withdrawn else kept.visitor
    if page is None or not is_own(page, kept) or page.visitor.consent in (Consent.UNKNOWN, before.consent):
        return before
    now = page.visitor
    if now.consent.is_given and not before.consent.is_given:
        snapshots.save(object_ref, now, session=session_key(page.request))
        return now
    snapshots.change_consent(object_ref, now.consent, decided_at=now.decided_at)
    return replace(before, consent=now.consent, decided_at=now.decided_at)


def is_own(page: tracking.RequestEvents, kept: StoredVisitor) -> bool:
    """True when the request comes from the visitor who made the object."""
    if is_admin(page.request) or not is_browser(page.visitor):
        return False
    return kept.is_of(page.visitor, session=session_key(page.request)) is True


def said(conversion: Conversion[Any], obj: Model) -> Consent:
    """What the site itself says of the customer's consent."""
    try:
        answer = ask(conversion, "consent", obj)
    except callbacks.Failed:
        return Consent.UNKNOWN
    return policies.without_request() if answer is None else policies.said(consent=bool(answer))
