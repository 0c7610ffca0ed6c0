"""Withdraw a visitor's consent in the site's own code, such as in a form without JavaScript or on an account page.

from django_capi.withdrawal import withdraw_consent

withdraw_consent(request)
withdraw_consent(external_id=user.pk)
"""

from __future__ import annotations

import logging

from django.http import HttpRequest

from django_capi.browser.session import pop_copies
from django_capi.ledger import withdrawal
from django_capi.meta import cookies
from django_capi.meta.events import UserData
from django_capi.requests.contact import contact
from django_capi.requests.visitor import fbp as fbp_of
from django_capi.requests.visitor import session_key
from django_capi.tracking.page import events_of
from django_capi.tracking.threads import asynchronous

__all__ = ["awithdraw_consent", "withdraw_consent"]

logger = logging.getLogger("django_capi")


def withdraw_consent(request: HttpRequest | None = None, *, external_id: object = None, fbp: str | None = None) -> bool:
    """Withdraw everything that this visitor has consented to until now. False if the visitor cannot be identified.

    `request`: a request of the visitor, who is identified by the `_fbp` cookie, the signed-in user and the session.
    Nothing more is tracked in it, and with CapiMiddleware its response deletes `_fbp` and `_fbc`.
    `external_id`: the id that CAPI["EXTERNAL_ID"] returns, by default the user's primary key; for code
    without a request.
    `fbp`: the value of an `_fbp` cookie.

    Pending events are not sent, and neither are events of orders that are paid later. Events that Meta has accepted
    stay there. Events under a later consent are sent. Inside a transaction the withdrawal is stored with it. Raises the
    database's error if it cannot be stored; repeat the call then.
    """
    fbps = [fbp] if fbp and cookies.is_well_formed(fbp) else []
    external_ids = [hashed(external_id)]
    session = None
    if request is not None:
        fbps.append(fbp_of(request) or "")
        external_ids.append(contact(request).payload().get("external_id"))
        session = session_key(request)
    is_known = withdrawal.withdraw(fbps=fbps, external_ids=external_ids, session=session)
    if not is_known:
        logger.info("A withdrawal of consent has no effect: no _fbp, user or session identifies the visitor.")
    if request is not None:
        pop_copies(request)
        events_of(request).note_withdrawal()
    return is_known


awithdraw_consent = asynchronous(withdraw_consent)


def hashed(external_id: object) -> object:
    """Return the external id as events carry it."""
    return UserData.from_raw({"external_id": external_id}).payload().get("external_id") if external_id else None
