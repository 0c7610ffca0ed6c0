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
    NO_REQUEST,
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
    stated_consent,
    without_request,
)
from django_capi.consent.readers import CookieReader, cookie

__all__ = [
    "NO_REQUEST",
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
    "stated_consent",
    "vanilla_cookieconsent",
    "without_request",
]
