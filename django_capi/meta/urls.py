"""A page's address comes in; the part of it that may be told to Meta goes out."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import SplitResult, urlsplit

LONGEST: Final = 2_000
ALWAYS_ALLOWED: Final = frozenset({"fbclid"})
CAMPAIGN: Final = "utm_"

# Whitespace and control characters anywhere; a backslash, which browsers read as a slash.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff\\]").search
_EMAIL = re.compile(r"@|%40", re.IGNORECASE).search


def reduce_url(url: str | None, *, allowed: Collection[str] = (), origin_only: bool = False) -> str | None:
    """No user, no fragment, and of the query only campaign parameters, the click id and what is `allowed`.

    >>> reduce_url("https://ann:pw@Shop.example.com/p/?utm_source=x&token=1#top")
    'https://shop.example.com/p/?utm_source=x'
    """
    if not isinstance(url, str) or _FORBIDDEN(url):
        return None
    parts = _split(url)
    if parts is None:
        return None
    host = parts.netloc.rpartition("@")[2].lower()
    origin = f"{parts.scheme}://{host}"
    if origin_only:
        return _unless_too_long(f"{origin}/")
    query = "&".join(pair for pair in parts.query.split("&") if _may_stay(pair, allowed))
    page = f"{origin}{parts.path or '/'}"
    whole = f"{page}?{query}" if query else page
    return whole if len(whole) <= LONGEST else _unless_too_long(page) or _unless_too_long(f"{origin}/")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port >= 0)
    except ValueError:
        return None
    return parts if has_host and parts.scheme in ("http", "https") else None


def _may_stay(pair: str, allowed: Collection[str]) -> bool:
    name = pair.partition("=")[0]
    return (name.startswith(CAMPAIGN) or name in ALWAYS_ALLOWED or name in allowed) and not _EMAIL(pair)


def _unless_too_long(url: str) -> str | None:
    return url if len(url) <= LONGEST else None
