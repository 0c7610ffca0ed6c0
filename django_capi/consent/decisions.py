"""Decide whether a visitor has consented: one decision for both copies of an event.

The policy is the site's: `CAPI["CONSENT"]` names a callable that takes the request and returns True, False, None (not
asked yet) or a `Consent`. Without a policy the answer is None, and without a clear yes nothing is sent.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from django.db.models import IntegerChoices
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_capi import callbacks
from django_capi.conf import conf

logger = logging.getLogger("django_capi")


class Consent(IntegerChoices):
    """The decision that was in force when the event happened."""

    UNKNOWN = 0, _("unknown")
    DENIED = 1, _("denied")
    LIMITED = 2, _("limited data use")
    GRANTED = 3, _("granted")

    @property
    def is_given(self) -> bool:
        return self >= Consent.LIMITED


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """A consent; when it is not given, also the reason, and what to write in the code or settings instead."""

    consent: Consent
    reason: str = ""
    advice: str = ""


GRANTED: Final = Decision(consent=Consent.GRANTED)
LIMITED: Final = Decision(consent=Consent.LIMITED)
CALLER_DENIED: Final = Decision(consent=Consent.DENIED, reason="it was called with consent=False")
POLICY_DENIED: Final = Decision(
    consent=Consent.DENIED, reason="the consent policy says no for this visitor, which consent=True does not overrule"
)
SIGNAL_DENIED: Final = Decision(
    consent=Consent.DENIED,
    reason="the visitor's browser sends Sec-GPC: 1, which consent=True does not overrule",
    advice='Only if the law you are under allows it: CAPI["GPC"] = "ignore".',
)
NEVER: Final = Decision(consent=Consent.DENIED, reason='CAPI["CONSENT"] is django_capi.consent.never')
WITHDRAWN: Final = Decision(consent=Consent.DENIED, reason="the visitor has withdrawn consent")
FAILED: Final = Decision(consent=Consent.UNKNOWN, reason="the consent policy raised an error, see the line above")
NOT_ASKED: Final = Decision(
    consent=Consent.UNKNOWN,
    reason="the consent policy has no answer for this visitor",
    advice="If you know that this customer has consented, add consent=True.",
)
NO_POLICY: Final = Decision(
    consent=Consent.UNKNOWN,
    reason='CAPI["CONSENT"] is not set or cannot be imported',
    advice='Write CAPI["CONSENT"] = "shop.privacy.marketing", or "django_capi.consent.always" if you need no consent.',
)
NO_REQUEST: Final = Decision(
    consent=Consent.UNKNOWN,
    reason="no request and no consent are given",
    advice="In a view add request=request; elsewhere add consent=True if you know that the customer has consented.",
)


def always(request: HttpRequest) -> bool:  # noqa: ARG001  # the policy's signature
    """A policy for sites that need no consent. Choose it deliberately."""
    return True


def never(request: HttpRequest) -> bool:  # noqa: ARG001  # the policy's signature
    """A policy under which nothing is sent."""
    return False


def decide(request: HttpRequest) -> Consent:
    """The consent of the request's visitor. Unknown if the policy raises an error or has no answer."""
    return decision(request).consent


def decision(request: HttpRequest, *, stated: bool | None = None) -> Decision:
    """Combine the policy's answer with the `consent` argument of `track()`.

    False always counts. True counts where the policy has no answer. It overrules neither the policy's no, its Limited
    Data Use, nor the visitor's Sec-GPC header, and it does not replace the answer of a policy that raised an error.
    """
    if stated is False:
        return CALLER_DENIED
    try:
        answer = ask_policy(request)
    except callbacks.Failed as failure:
        logger.error("The consent policy raised %s; the event is treated as not consented.", failure)  # noqa: TRY400  # a traceback may hold personal data
        return SIGNAL_DENIED if has_gpc_signal(request) else FAILED
    if answer is Consent.DENIED:
        return NEVER if conf.imported("CONSENT") is never else POLICY_DENIED
    has_consented = answer.is_given or bool(stated)
    # Global Privacy Control, https://www.w3.org/TR/gpc/: the header is 1 or absent.
    if has_gpc_signal(request):
        return LIMITED if conf.GPC == "limit" and has_consented else SIGNAL_DENIED
    if has_consented:
        return LIMITED if answer is Consent.LIMITED else GRANTED
    return NOT_ASKED if conf.imported("CONSENT") else NO_POLICY


def decision_without_request(*, stated: bool | None) -> Decision:
    """Decide where there is no visitor, such as in a cron job, by the `consent` argument."""
    policy = conf.imported("CONSENT")
    if policy is never:
        return NEVER
    if stated is None:
        return GRANTED if policy is always else NO_REQUEST
    return GRANTED if stated else CALLER_DENIED


def decision_for_captured(kept: Consent, *, stated: bool | None) -> Decision:
    """Decide for a captured visitor: by the answer at that time, combined with the `consent` argument as above."""
    if conf.imported("CONSENT") is never:
        return NEVER
    if stated is False:
        return CALLER_DENIED
    if kept is Consent.DENIED:
        return POLICY_DENIED
    if kept.is_given:
        return Decision(consent=kept)
    return GRANTED if stated else NOT_ASKED


def consent_without_request(*, stated: bool | None) -> Consent:
    return decision_without_request(stated=stated).consent


def ask_policy(request: HttpRequest) -> Consent:
    """The policy's answer; anything but True, False or a `Consent` counts as no answer. Raises `callbacks.Failed`."""
    policy = conf.imported("CONSENT")
    answer = callbacks.call(policy, request) if policy else None
    if isinstance(answer, Consent):
        return answer
    if isinstance(answer, bool):
        return Consent.GRANTED if answer else Consent.DENIED
    return Consent.UNKNOWN


def has_gpc_signal(request: HttpRequest) -> bool:
    return request.META.get("HTTP_SEC_GPC") == "1" and conf.GPC != "ignore"
