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
from django_capi.consent.decisions import Consent, always, never
from django_capi.consent.readers import CookieReader, cookie

__all__ = [
    "Consent",
    "CookieReader",
    "always",
    "cookie",
    "cookiebot",
    "cookieyes",
    "django_cookie_consent",
    "klaro",
    "never",
    "onetrust",
    "vanilla_cookieconsent",
]
