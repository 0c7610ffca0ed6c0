"""Parse and create the values of Meta's `_fbp` and `_fbc` cookies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from django_capi.meta.suffixes import PUBLIC_SUFFIXES

COOKIE_MAX_AGE: Final = 7_776_000  # 90 days, in seconds

# https://developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/fbp-and-fbc
_FORM = re.compile(r"fb\.([0-9]{1,2})\.([0-9]{10,14})\.([A-Za-z0-9_-]{1,500})(?:\.([A-Za-z0-9_-]{1,32}))?").fullmatch
# The same without groups, which is faster.
WELL_FORMED = re.compile(r"fb\.[0-9]{1,2}\.[0-9]{10,14}\.[A-Za-z0-9_-]{1,500}(?:\.[A-Za-z0-9_-]{1,32})?").fullmatch
_FBCLID = re.compile(r"[\w-]{1,500}", re.ASCII).fullmatch
_ADDRESS = re.compile(r"[\d.]+|.*:.*", re.ASCII).fullmatch
_SECONDS_UNTIL: Final = 100_000_000_000
_INDEX_WITHOUT_COOKIE: Final = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Cookie:
    """The parts of one `_fbp` or `_fbc` value; `text` is the value as it was received, which is what to send."""

    index: int
    created_ms: int
    payload: str
    appendix: str | None
    text: str


def parse(text: str) -> Cookie | None:
    """Parse a value of four segments, or of five: Meta's parameter builder appends one, which is kept and never added.

    >>> parse("fb.1.1596403881668.1116446470.AQICAQMC").payload
    '1116446470'
    """
    match = _FORM(text)
    if match is None:
        return None
    created = int(match[2])
    return Cookie(
        index=int(match[1]),
        # Meta's WooCommerce plugin writes seconds where its pages ask for milliseconds.
        created_ms=created * 1_000 if created < _SECONDS_UNTIL else created,
        payload=match[3],
        appendix=match[4],
        text=text,
    )


def is_well_formed(text: str) -> bool:
    return WELL_FORMED(text) is not None


def checksum(fbp: str) -> str:
    """Return 32 bits of FNV-1a: enough to tell one browser from another, and too few to recover the `_fbp`.

    >>> checksum(""), checksum("fb.1.1596403881668.1116446470")
    ('811c9dc5', '8cdacd19')
    """
    digest = 0x811C9DC5
    for byte in fbp.encode():
        digest = (digest ^ byte) * 0x01000193 & 0xFFFFFFFF
    return f"{digest:08x}"


def fbclid_from_query(query_string: str) -> str | None:
    """Return the click id of a raw QUERY_STRING, undecoded: Meta rejects a click id that has changed.

    >>> fbclid_from_query("utm_source=fb&fbclid=IwAR0_x-Y")
    'IwAR0_x-Y'
    """
    for pair in query_string.split("&"):
        if pair.startswith("fbclid="):
            return known_fbclid(pair.removeprefix("fbclid="))
    return None


def known_fbclid(text: str) -> str | None:
    return text if _FBCLID(text) else None


def make_fbp(*, now_ms: int, random_number: int, index: int) -> str:
    return f"fb.{index}.{now_ms}.{random_number}"


def make_fbc(fbclid: str, *, now_ms: int, index: int) -> str:
    return f"fb.{index}.{now_ms}.{fbclid}"


def refresh_fbc(current: str | None, fbclid: str | None, *, now_ms: int, index: int) -> str | None:
    """Return the new value of `_fbc`, or None if the cookie must stay as it is."""
    if fbclid is None or known_fbclid(fbclid) is None:
        return None
    known = parse(current) if current else None
    if known is not None and known.payload == fbclid:
        return None
    return make_fbc(fbclid, now_ms=now_ms, index=index)


def subdomain_index(domain: str) -> int:
    """Return how many dots the cookie's domain has: 0 for com, 1 for example.com, 2 for www.example.com."""
    host = _host(domain)
    if not host or _ADDRESS(host):
        return _INDEX_WITHOUT_COOKIE
    return host.count(".")


def is_public_suffix(domain: str) -> bool:
    """Whether browsers refuse a cookie for this domain. Only common suffixes are known, see `suffixes`."""
    host = _host(domain)
    return not _ADDRESS(host) and ("." not in host or host in PUBLIC_SUFFIXES)


def _host(domain: str) -> str:
    return domain.strip().strip(".").lower()
