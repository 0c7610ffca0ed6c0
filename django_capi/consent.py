"""A request comes in; one decision for both copies of its events goes out.

The policy is the site's: `CAPI["CONSENT"]` names a callable that takes the request and answers True, False or
None (not asked yet). Without a policy the answer is None, and without a clear yes nothing is sent.
"""

from __future__ import annotations

import logging

from django.db.models import IntegerChoices
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_capi import hooks
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


def always(request: HttpRequest) -> bool:  # noqa: ARG001  # the policy's signature
    """A policy for sites that need no consent, chosen on purpose."""
    return True


def never(request: HttpRequest) -> bool:  # noqa: ARG001  # the policy's signature
    """A policy that sends nothing at all."""
    return False


def decide(request: HttpRequest) -> Consent:
    """What this request's visitor allows. A policy that fails or says nothing clear means unknown."""
    answer = asked(request)
    if answer is False:
        return Consent.DENIED
    # Global Privacy Control, https://www.w3.org/TR/gpc/: the header says so or is absent.
    if request.META.get("HTTP_SEC_GPC") == "1" and conf.GPC != "ignore":
        return Consent.LIMITED if conf.GPC == "limit" and answer else Consent.DENIED
    return Consent.GRANTED if answer else Consent.UNKNOWN


def said(*, consent: bool) -> Consent:
    """A caller's own word, where there is no request to ask."""
    return Consent.GRANTED if consent else Consent.DENIED


def without_request() -> Consent:
    """What holds where there is nobody to ask, such as in a cron job: yes only under `always`."""
    return Consent.GRANTED if conf.imported("CONSENT") is always else Consent.UNKNOWN


def asked(request: HttpRequest) -> bool | None:
    policy = conf.imported("CONSENT")
    if policy is None:
        return None
    try:
        answer = hooks.call(policy, request)
    except hooks.Failed as failure:
        logger.error("The consent policy raised %s; the event is treated as not consented.", failure)  # noqa: TRY400  # a traceback may hold personal data
        return None
    return answer if isinstance(answer, bool) else None
