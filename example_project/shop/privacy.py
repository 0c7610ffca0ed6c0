"""The shop's own consent cookie in, the visitor's decision about marketing out."""

from __future__ import annotations

from django.http import HttpRequest

# `consent.js` writes it.
CONSENT_COOKIE = "shop_consent"
DECISIONS = {"yes": True, "no": False}


def marketing_consent(request: HttpRequest) -> bool | None:
    """True or False as the visitor chose, None while the banner is unanswered."""
    return DECISIONS.get(request.COOKIES.get(CONSENT_COOKIE, ""))
