"""Check the values of `user_data` that are sent unhashed: IP addresses, user agents, cookies and ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_network
from socket import AF_INET, inet_pton
from typing import Final

from django_capi.meta.cookies import WELL_FORMED, is_well_formed
from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.placeholders import LONGEST as LONGEST_PLACEHOLDER
from django_capi.meta.normalize.placeholders import Kind, is_placeholder
from django_capi.meta.normalize.text import text_of

LONGEST_AGENT: Final = 2_000
LONGEST_ID: Final = 500

# Addresses that no visitor on the internet has: local, private, shared, benchmarking, multicast and reserved ones. The
# ranges for documentation stay in, as Meta's own examples use them.
_NOT_PUBLIC_V4: Final = tuple(
    map(ip_network, (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
    ))
)  # fmt: skip
_NOT_PUBLIC_V6: Final = tuple(map(ip_network, ("::/128", "::1/128", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8")))
# The first bytes of those: most addresses begin with another one and need no closer check.
_SUSPECT: Final = frozenset(
    first
    for network in _NOT_PUBLIC_V4
    for first in range(network.network_address.packed[0], network.broadcast_address.packed[0] + 1)
)

_LEAD_ID = re.compile(r"\d{15,17}", re.ASCII).fullmatch
_NUMBER = re.compile(r"\d{1,20}", re.ASCII).fullmatch


def ip_address(value: object) -> str:
    """Return a visitor's public IPv4 or IPv6 address; IPv4-mapped IPv6 addresses are unwrapped."""
    text = value if type(value) is str else text_of(value)
    if type(text) is Reason:
        return text
    text = text.strip()
    try:
        return _public_v6(text) if ":" in text else _public_v4(text)
    except (OSError, ValueError):
        return Reason.MALFORMED if text else Reason.EMPTY


def _public_v4(text: str) -> str:
    if inet_pton(AF_INET, text)[0] not in _SUSPECT:
        return text
    address = IPv4Address(text)
    return Reason.NOT_PUBLIC if any(address in network for network in _NOT_PUBLIC_V4) else text


def _public_v6(text: str) -> str:
    address = IPv6Address(text)
    if address.scope_id is not None:
        return Reason.MALFORMED
    if address.ipv4_mapped:
        return _public_v4(str(address.ipv4_mapped))
    return Reason.NOT_PUBLIC if any(address in network for network in _NOT_PUBLIC_V6) else text


def verbatim(value: object, *, longest: int = LONGEST_ID) -> str:
    """Return the text as it is, or a `Reason` if it is blank, too long or holds control characters."""
    text = value if type(value) is str else text_of(value)
    if type(text) is Reason:
        return text
    if len(text) > longest:
        return Reason.TOO_LONG
    if not text or text.isspace():
        return Reason.EMPTY
    if not text.isprintable():
        text = _readable(text) if _has_no_control(text) else Reason.MALFORMED
    if type(text) is not Reason and is_placeholder(text.strip(), Kind.ID):
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


def digits(value: object) -> str:
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
    # C0, DEL and C1. Other unprintable characters are unusual but harmless.
    return not any(character < " " or "\x7f" <= character <= "\x9f" for character in text)


def _readable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return Reason.UNREADABLE
    return text
