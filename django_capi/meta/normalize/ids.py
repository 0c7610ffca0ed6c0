"""Check the values of `user_data` that Meta wants unhashed: addresses, agents, cookies and ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from socket import AF_INET, AF_INET6, inet_pton
from typing import Final

from django_capi.meta.cookies import WELL_FORMED, is_well_formed
from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.placeholders import LONGEST as LONGEST_PLACEHOLDER
from django_capi.meta.normalize.placeholders import is_placeholder
from django_capi.meta.normalize.text import text_of

LONGEST_AGENT: Final = 2_000
LONGEST_ID: Final = 500

# What no visitor on the internet has: this network, private, shared, loopback, link-local, benchmarking, multicast and
# reserved. The ranges for documentation stay in: Meta's own example is one of them, and they mean no one.
_UNROUTABLE_V4: Final = (
    (0x00000000, 8), (0x0A000000, 8), (0x64400000, 10), (0x7F000000, 8), (0xA9FE0000, 16), (0xAC100000, 12),
    (0xC0000000, 24), (0xC0A80000, 16), (0xC6120000, 15), (0xE0000000, 3),
)  # fmt: skip
SUSPECT: Final = frozenset({0, 10, 100, 127, 169, 172, 192, 198, *range(224, 256)})
_MAPPED: Final = bytes(10) + b"\xff\xff"
_UNIQUE_LOCAL: Final = (0xFC, 0xFE)
_MULTICAST: Final = 0xFF
_LINK_OR_SITE_LOCAL: Final = 0xFE
_LINK_LOCAL_SECOND: Final = 0x80  # fe80::/10, and the old fec0::/10 after it
_LOOPBACK_OR_NONE: Final = (bytes(15) + b"\x01", bytes(16))

_LEAD_ID = re.compile(r"\d{15,17}", re.ASCII).fullmatch
_NUMBER = re.compile(r"\d{1,20}", re.ASCII).fullmatch


def ip_address(value: object) -> str:
    """IPv4 or IPv6 of a visitor, as it is; an IPv4 address in IPv6 clothes is undressed."""
    text = value if type(value) is str else text_of(value)
    if type(text) is Reason:
        return text
    try:
        return _public_v6(text) if ":" in text else _public_v4(text, inet_pton(AF_INET, text))
    except (OSError, ValueError):
        stripped = text.strip()
        if stripped != text:
            return ip_address(stripped)
        return Reason.MALFORMED if text else Reason.EMPTY


def _public_v4(text: str, packed: bytes) -> str:
    if packed[0] not in SUSPECT:
        return text
    number = int.from_bytes(packed, "big")
    hidden = any((number ^ network) >> (32 - length) == 0 for network, length in _UNROUTABLE_V4)
    return Reason.NOT_PUBLIC if hidden else text


def _public_v6(text: str) -> str:
    packed = inet_pton(AF_INET6, text)
    if packed.startswith(_MAPPED):
        return _public_v4(".".join(map(str, packed[12:])), packed[12:])
    first = packed[0]
    local = first & _UNIQUE_LOCAL[1] == _UNIQUE_LOCAL[0] or first == _MULTICAST
    link = first == _LINK_OR_SITE_LOCAL and packed[1] >= _LINK_LOCAL_SECOND
    return Reason.NOT_PUBLIC if local or link or packed in _LOOPBACK_OR_NONE else text


def verbatim(value: object, *, longest: int = LONGEST_ID) -> str:
    """The text itself, unless it is blank, too long or holds control characters."""
    text = value if type(value) is str else text_of(value)
    if type(text) is Reason:
        return text
    if len(text) > longest:
        return Reason.TOO_LONG
    if not text or text.isspace():
        return Reason.EMPTY
    if not text.isprintable():
        text = _readable(text) if _has_no_control(text) else Reason.MALFORMED
    if type(text) is not Reason and is_placeholder("anon_id", text.strip()):
        return Reason.PLACEHOLDER
    return text


def user_agent(value: object) -> str:
    if type(value) is str and LONGEST_PLACEHOLDER < len(value) <= LONGEST_AGENT and value.isprintable():
        return value if not value.isspace() else Reason.EMPTY
    return verbatim(value, longest=LONGEST_AGENT)


def click_or_browser_id(value: object) -> str:
    if type(value) is str and WELL_FORMED(value):
        return value
    text = text_of(value)
    if type(text) is Reason or not text:
        return text or Reason.EMPTY
    return text if is_well_formed(text) else Reason.MALFORMED


def lead_id(value: object) -> str:
    return _all_of(_LEAD_ID, value)


def number(value: object) -> str:
    return _all_of(_NUMBER, value)


def _all_of(form: Callable[[str], object], value: object) -> str:
    text = text_of(value)
    if type(text) is Reason:
        return text
    stripped = text.strip()
    if not stripped:
        return Reason.EMPTY
    return stripped if form(stripped) else Reason.MALFORMED


def _has_no_control(text: str) -> bool:
    # C0, DEL and C1; other unprintable characters are unusual, not dangerous.
    return not any(character < " " or "\x7f" <= character <= "\x9f" for character in text)


def _readable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return Reason.UNREADABLE
    return text


# From a raw value to what is sent, or a `Reason`.
AS_THEY_ARE: Final[dict[str, Callable[[object], str]]] = {
    "client_ip_address": ip_address,
    "client_user_agent": user_agent,
    "fbc": click_or_browser_id,
    "fbp": click_or_browser_id,
    "subscription_id": verbatim,
    "fb_login_id": number,
    "lead_id": lead_id,
    "anon_id": verbatim,
    "madid": verbatim,
    "page_id": verbatim,
    "page_scoped_user_id": verbatim,
    "ctwa_clid": verbatim,
    "ig_account_id": verbatim,
    "ig_sid": verbatim,
    "whatsapp_business_account_id": verbatim,
    "instagram_business_account_id": verbatim,
}
WHOLE_NUMBERS: Final = frozenset({"fb_login_id", "lead_id"})
