"""Tell from a user agent which browser the customer used."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from django_capi.models import BrowserFamily

# The first that matches: most browsers name those that they descend from as well.
FAMILIES: Final = (
    (re.compile(r"\bInstagram\b").search, BrowserFamily.INSTAGRAM),
    (re.compile(r"\bFBA[NV]/|\bFB_IAB/").search, BrowserFamily.FACEBOOK),
    (re.compile(r"\bEdg(?:e|A|iOS)?/").search, BrowserFamily.EDGE),
    (re.compile(r"\bSamsungBrowser/").search, BrowserFamily.SAMSUNG),
    (re.compile(r"\b(?:OPR|OPT|OPX|OPiOS|Opera)\b").search, BrowserFamily.OPERA),
    (re.compile(r"\b(?:Firefox|FxiOS)/").search, BrowserFamily.FIREFOX),
    (re.compile(r"\b(?:Chrome|CriOS|Chromium)/").search, BrowserFamily.CHROME),
    (re.compile(r"\bVersion/\S+ (?:Mobile/\S+ )?Safari/").search, BrowserFamily.SAFARI),
)


@lru_cache(maxsize=1024)  # thousands of visitors share a user agent
def family_of(agent: str) -> BrowserFamily:
    """
    >>> family_of("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0").label
    'Firefox'
    """
    if not agent:
        return BrowserFamily.UNKNOWN
    return next((family for matches, family in FAMILIES if matches(agent)), BrowserFamily.OTHER)
