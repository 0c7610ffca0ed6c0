"""Cookie values, query strings and a clock come in; `_fbp` and `_fbc` values in Meta's form go out, bytes kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from django_capi.meta.suffixes import PUBLIC_SUFFIXES

FBP: Final = "_fbp"
FBC: Final = "_fbc"
COOKIE_MAX_AGE: Final = 7_776_000  # 90 days, in seconds
COOKIE_SAMESITE: Final = "Lax"
COOKIE_HTTPONLY: Final = False  # Meta's script reads and adopts both cookies
COOKIE_PATH: Final = "/"
LARGEST_RANDOM: Final = 2_147_483_647

# https://developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/fbp-and-fbc
_FORM = re.compile(r"fb\.([0-9]{1,2})\.([0-9]{10,14})\.([A-Za-z0-9_-]{1,500})(?:\.([A-Za-z0-9_-]{1,32}))?").fullmatch
# The same without taking it apart, for the hot path.
WELL_FORMED = re.compile(r"fb\.[0-9]{1,2}\.[0-9]{10,14}\.[A-Za-z0-9_-]{1,500}(?:\.[A-Za-z0-9_-]{1,32})?").fullmatch
_FBCLID = re.compile(r"[\w-]{1,500}", re.ASCII).fullmatch
_ADDRESS = re.compile(r"[\d.]+|.*:.*", re.ASCII).fullmatch
_SECONDS_UNTIL: Final = 100_000_000_000
_INDEX_WITHOUT_COOKIE: Final = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Cookie:
    """One `_fbp` or `_fbc` value taken apart; `text` is what to send, as it was received."""

    index: int
    created_ms: int
    payload: str
    appendix: str | None
    text: str


def parse(text: str) -> Cookie | None:
    """Four segments, or five: Meta's own builder adds an appendix that must be kept and never made.

    >>> parse("fb.1.1596403881668.1116446470.AQICAQMC").payload
    '1116446470'
    """
    found = _FORM(text)
    if found is None:
        return None
    created = int(found[2])
    return Cookie(
        index=int(found[1]),
        # Meta's WooCommerce plugin writes seconds where its pages ask for milliseconds.
        created_ms=created * 1_000 if created < _SECONDS_UNTIL else created,
        payload=found[3],
        appendix=found[4],
        text=text,
    )


def is_well_formed(text: str) -> bool:
    return WELL_FORMED(text) is not None


def checksum(fbp: str) -> str:
    """A short mark of one browser: another one's can be told from it, and no `_fbp` be found by it. FNV-1a, 32 bits.

    >>> checksum(""), checksum("fb.1.1596403881668.1116446470")
    ('811c9dc5', '8cdacd19')
    """
    found = 0x811C9DC5
    for byte in fbp.encode():
        found = (found ^ byte) * 0x01000193 & 0xFFFFFFFF
    return f"{found:08x}"


def fbclid_from_query(query_string: str) -> str | None:
    """The click id of a raw QUERY_STRING, byte for byte: decoding could alter it, and Meta notices an altered one.

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
    """The new value for `_fbc`, or nothing when the cookie there is to be left alone."""
    if fbclid is None or known_fbclid(fbclid) is None:
        return None
    known = parse(current) if current else None
    if known is not None and known.payload == fbclid:
        return None
    return make_fbc(fbclid, now_ms=now_ms, index=index)


def subdomain_index(domain: str) -> int:
    """Labels of the cookie's domain minus one: com 0, example.com 1, www.example.com 2."""
    host = _host(domain)
    if not host or _ADDRESS(host):
        return _INDEX_WITHOUT_COOKIE
    return host.count(".")


def is_public_suffix(domain: str) -> bool:
    """Whether browsers refuse a cookie for this whole domain; knows the common suffixes only, see `suffixes`."""
    host = _host(domain)
    return not _ADDRESS(host) and ("." not in host or host in PUBLIC_SUFFIXES)


def _host(domain: str) -> str:
    return domain.strip().strip(".").lower()
