"""Remember who created an object, and that visitor's consent when it becomes a conversion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from django_capi.consent import Consent
from django_capi.consent import decisions as policies
from django_capi.conversions.base import Conversion, call_method
from django_capi.ledger import snapshots
from django_capi.ledger.snapshots import StoredVisitor
from django_capi.models import NotSent
from django_capi.requests.visitor import Visitor, session_key
from django_capi.tracking.errors import LogErrors
from django_capi.tracking.page import RequestEvents, why_not_sent


def save_visitor(object_ref: str, page: RequestEvents | None) -> None:
    """Store who created the object: the payment's webhook comes from another client.

    Staff in the admin and other servers are not visitors. For a visitor without consent only the answer is stored.
    """
    if page is None or is_admin(page.request):
        return
    if page.is_ignored:
        snapshots.save(object_ref, Visitor(consent=Consent.UNKNOWN), excluded_as=page.excluded_as)
    elif is_browser(page.visitor):
        snapshots.save(object_ref, page.visitor, session=session_key(page.request))


def excluded_as(object_ref: str, page: RequestEvents | None) -> str:
    """Why an object's conversion is excluded, as it was kept with the object or by this request."""
    if page and page.is_ignored:
        return page.excluded_as
    kept = snapshots.find(object_ref)
    return kept.excluded_as if kept else ""


def stored_visitor(object_ref: str) -> Visitor:
    """Return the visitor who is stored with the object; an unknown one if there is none."""
    snapshot = snapshots.find(object_ref)
    return snapshot.visitor if snapshot else Visitor(consent=Consent.UNKNOWN)


def is_admin(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and "admin" in match.app_names


def is_browser(visitor: Visitor) -> bool:
    """The agent of every browser that makes orders today begins with Mozilla/; a payment provider's does not."""
    return (visitor.client_user_agent or "").startswith("Mozilla/")


def visitor_at(
    conversion: Conversion[Any], obj: Model, object_ref: str, page: RequestEvents | None
) -> Visitor | NotSent:
    """The visitor of the conversion with the consent that holds now, or the reason why it is not sent.

    The answer of the request in which it happens counts if that is the visitor's own request; else the visitor's last
    stored answer; else what `Conversion.consent()` returns. Raises callbacks.Failed if that raises.
    """
    snapshot = snapshots.find(object_ref)
    if (page and page.is_ignored) or (snapshot and snapshot.is_excluded):
        return NotSent.EXCLUDED
    visitor = latest_visitor(object_ref, snapshot, page) if snapshot else Visitor(consent=Consent.UNKNOWN)
    if visitor.consent is Consent.UNKNOWN:
        visitor = replace(visitor, consent=stated_consent(conversion, obj), decided_at=timezone.now())
    if visitor.consent.is_given:
        return visitor
    if snapshot and snapshot.has_withdrawn:
        return NotSent.WITHDRAWN
    return why_not_sent(visitor.consent)


def follow_session(*, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Move stored visitors to the new key that a login gives the session."""
    before = request.COOKIES.get(settings.SESSION_COOKIE_NAME) if request else None
    now = session_key(request) if request else None
    if before and now and before != now:
        with LogErrors("The visitor's session"):
            snapshots.change_session(before, now)


def update_consent(object_ref: str, page: RequestEvents | None) -> None:
    """Store the visitor's answer in a request that changes the object without converting it."""
    snapshot = snapshots.find(object_ref) if page and is_browser(page.visitor) else None
    if snapshot:
        latest_visitor(object_ref, snapshot, page)


def latest_visitor(object_ref: str, snapshot: StoredVisitor, page: RequestEvents | None) -> Visitor:
    """The visitor who created the object, with the answer of this request if it is that visitor's own.

    A withdrawal is a no as well: after it, only the visitor's own later yes counts.
    """
    before = replace(snapshot.visitor, consent=Consent.DENIED) if snapshot.has_withdrawn else snapshot.visitor
    if page is None or not is_own(page, snapshot) or page.visitor.consent in (Consent.UNKNOWN, before.consent):
        return before
    now = page.visitor
    if now.consent.is_given and not before.consent.is_given:
        snapshots.save(object_ref, now, session=session_key(page.request))
        return now
    snapshots.change_consent(object_ref, now.consent, decided_at=now.decided_at)
    return replace(before, consent=now.consent, decided_at=now.decided_at)


def is_own(page: RequestEvents, snapshot: StoredVisitor) -> bool:
    """True if the request comes from the visitor who created the object."""
    if is_admin(page.request) or not is_browser(page.visitor):
        return False
    return snapshot.is_of(page.visitor, session=session_key(page.request)) is True


def stated_consent(conversion: Conversion[Any], obj: Model) -> Consent:
    """What `Conversion.consent()` returns, else the policy without a request. Raises callbacks.Failed if it raises."""
    answer = call_method(conversion, "consent", obj)
    return policies.consent_without_request(stated=None if answer is None else bool(answer))
