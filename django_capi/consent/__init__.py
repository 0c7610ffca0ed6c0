"""Decide whether a visitor has consented, and read the answer from the cookies of common consent banners."""

from __future__ import annotations

from django_capi.consent.banners import (
    cookiebot,
    cookieyes,
    django_cookie_consent,
    klaro,
    onetrust,
    vanilla_cookieconsent,
)
from django_capi.consent.decisions import (
    NOBODY_ASKED,
    POLICY_DENIED,
    WITHDRAWN,
    Consent,
    Decision,
    always,
    decide,
    decision,
    decision_for_captured,
    decision_without_request,
    never,
    said,
    without_request,
)
from django_capi.consent.readers import CookieReader, cookie

__all__ = [
    "NOBODY_ASKED",
    "POLICY_DENIED",
    "WITHDRAWN",
    "Consent",
    "CookieReader",
    "Decision",
    "always",
    "cookie",
    "cookiebot",
    "cookieyes",
    "decide",
    "decision",
    "decision_for_captured",
    "decision_without_request",
    "django_cookie_consent",
    "klaro",
    "never",
    "onetrust",
    "said",
    "vanilla_cookieconsent",
    "without_request",
]
