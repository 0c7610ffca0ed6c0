"""Capture a visitor in a request, for a `track()` that comes later and elsewhere, such as in a task."""

from __future__ import annotations

import secrets
from dataclasses import replace

from django.http import HttpRequest

from django_capi import consent as policies
from django_capi.consent import Consent
from django_capi.ledger import snapshots
from django_capi.meta.events import InvalidEvent
from django_capi.requests.visitor import Visitor, session_key
from django_capi.tracking.errors import Quietly, Untracked
from django_capi.tracking.page import events_of
from django_capi.tracking.threads import asynchronous


def capture_visitor(request: HttpRequest) -> str:
    """Keep the request's visitor, and return the reference for a later `track(…, visitor=reference)`.

        reference = capture_visitor(request)
        transaction.on_commit(lambda: send_quote.delay(quote.pk, reference))

    The reference is random text that says nothing of the visitor, so it may travel in a task's message; address,
    agent, page, `_fbp`, `_fbc` and hashed contact data stay in the database, for RETENTION_DAYS. The consent is that of
    now, and a later withdrawal counts. Of a visitor without consent, a crawler or an excluded request only the refusal
    is kept. Never raises.
    """
    reference = snapshots.CAPTURED + secrets.token_hex(16)
    with Quietly("A captured visitor"):
        page = events_of(request)
        if page.is_ignored:
            snapshots.save(reference, Visitor(consent=Consent.UNKNOWN), excluded_as=page.excluded_as)
        else:
            snapshots.save(reference, page.read_visitor(), session=session_key(request))
    return reference


acapture_visitor = asynchronous(capture_visitor)


def captured(reference: object, *, said: bool | None) -> Visitor:
    """The captured visitor, with the consent that holds for this event."""
    if not isinstance(reference, str) or not reference.startswith(snapshots.CAPTURED):
        raise InvalidEvent("visitor", "must be what capture_visitor(request) returned")
    kept = snapshots.find(reference)
    if kept is None:
        raise Untracked("its visitor is not kept, or no longer", "Call capture_visitor(request) in the request.")
    if kept.is_excluded:
        raise Untracked("its visitor was captured in a request of a crawler, or one that is excluded")
    if kept.has_withdrawn:
        raise Untracked(policies.WITHDRAWN.reason)
    decision = policies.decision_for_captured(kept.visitor.consent, said=said)
    if not decision.consent.is_given:
        raise Untracked(decision.reason, decision.advice)
    return replace(kept.visitor, consent=decision.consent, contact=kept.visitor.contact or {})
