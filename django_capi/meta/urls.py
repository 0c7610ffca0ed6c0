"""Reduce the URL of a page to what may be sent to Meta."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from django_capi.meta.personal import AT, decodings, has_sign, holds_contact_data

LONGEST: Final = 2_000
ALWAYS_ALLOWED: Final = frozenset({"fbclid"})
CAMPAIGN: Final = "utm_"
REDACTED: Final = "redacted"

# Whitespace and control characters anywhere; a backslash, which browsers read as a slash.
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff\\]").search
_AT = re.compile(rf"[{AT}]").search
_AT_OR_PERCENT = re.compile(rf"[{AT}%]").search
# In a path, `ann@intranet` counts as an address as well; a handle such as `@ann` does not.
_NUMBER = re.compile(r"(?:tel|sms|callto):[+(\d]", re.IGNORECASE).match
_ADDRESS = re.compile(rf"[^\s{AT}][{AT}][^\s{AT}]").search


def reduce_url(url: str | None, *, allowed: Collection[str] = (), origin_only: bool = False) -> str | None:
    """Remove the user, the fragment, and all of the query but campaign parameters, the click id and what is `allowed`.

    A path segment that contains an email address or a telephone number is replaced; such a parameter is removed.

    >>> reduce_url("https://ann:pw@Shop.example.com/p/?utm_source=x&token=1#top")
    'https://shop.example.com/p/?utm_source=x'
    >>> reduce_url("https://shop.example.com/confirm/ann%40example.com/?utm_content=ann@example.com")
    'https://shop.example.com/confirm/redacted/'
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
    page = f"{origin}{_impersonal(parts.path) or '/'}"
    whole = f"{page}?{query}" if query else page
    return whole if len(whole) <= LONGEST else _unless_too_long(page) or _unless_too_long(f"{origin}/")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port >= 0)
    except ValueError:
        return None
    # Browsers open no host with a percent sign or another at sign in it, and it may encode an email address.
    is_web = has_host and parts.scheme in ("http", "https") and not _AT_OR_PERCENT(parts.hostname or "")
    return parts if is_web else None


def _impersonal(path: str) -> str:
    if not (has_sign(path) or ":" in path):
        return path
    return "/".join(REDACTED if _is_personal(part, _ADDRESS) else part for part in path.split("/"))


def _may_stay(pair: str, allowed: Collection[str]) -> bool:
    name = pair.partition("=")[0]
    is_allowed = name.startswith(CAMPAIGN) or name in ALWAYS_ALLOWED or name in allowed
    return is_allowed and not _is_personal(pair, _AT)


def _is_personal(part: str, address: Callable[[str], object]) -> bool:
    forms = list(decodings(part))
    # What is still encoded after MOST_ENCODINGS layers was made to hide something.
    is_hidden = forms[-1] != unquote(forms[-1])
    return is_hidden or holds_contact_data(part) or any(address(form) or _NUMBER(form) for form in forms)


def _unless_too_long(url: str) -> str | None:
    return url if len(url) <= LONGEST else None
