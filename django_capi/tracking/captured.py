"""Store the visitor of a request for a later `track()`, such as in a task."""

from __future__ import annotations

import secrets
from dataclasses import replace

from django.http import HttpRequest

from django_capi.consent import Consent
from django_capi.consent import decisions as policies
from django_capi.ledger import snapshots
from django_capi.meta.events import InvalidEvent
from django_capi.requests.visitor import Visitor, session_key
from django_capi.tracking.errors import LogErrors, Untracked
from django_capi.tracking.page import events_of
from django_capi.tracking.threads import asynchronous


def capture_visitor(request: HttpRequest) -> str:
    """Store the request's visitor, and return a reference to it for a later `track(…, visitor=reference)`.

        reference = capture_visitor(request)
        transaction.on_commit(lambda: send_quote.delay(quote.pk, reference))

    The reference is a random string without information about the visitor, so a task's message may hold it. Address,
    agent, page, `_fbp`, `_fbc` and hashed contact data stay in the database for RETENTION_DAYS. The consent is that of
    now, and a later withdrawal counts. For a visitor without consent, a crawler or an excluded request only the refusal
    is stored. Errors are logged, except the database's own when the caller's transaction is lost with it.
    """
    reference = snapshots.CAPTURED + secrets.token_hex(16)
    with LogErrors("A captured visitor"):
        page = events_of(request)
        if page.is_ignored:
            snapshots.save(reference, Visitor(consent=Consent.UNKNOWN), excluded_as=page.excluded_as)
        else:
            snapshots.save(reference, page.read_visitor(), session=session_key(request))
    return reference


acapture_visitor = asynchronous(capture_visitor)


def restore_visitor(reference: object, *, stated: bool | None) -> Visitor:
    """The captured visitor, with the consent that holds for this event."""
    if not isinstance(reference, str) or not reference.startswith(snapshots.CAPTURED):
        raise InvalidEvent("visitor", "must be what capture_visitor(request) returned")
    stored = snapshots.find(reference)
    if stored is None:
        raise Untracked("its visitor is not stored, or no longer", "Call capture_visitor(request) in the request.")
    if stored.is_excluded:
        raise Untracked("its visitor was captured in the request of a crawler, or in an excluded one")
    if stored.has_withdrawn:
        raise Untracked(policies.WITHDRAWN.reason)
    decision = policies.decision_for_captured(stored.visitor.consent, stated=stated)
    if not decision.consent.is_given:
        raise Untracked(decision.reason, decision.advice)
    return replace(stored.visitor, consent=decision.consent, contact=stored.visitor.contact or {})
