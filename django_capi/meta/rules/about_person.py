"""Rules on `user_data`: hashes, identifiers, and what is too little to know a person by. As of 2026-11-22."""

from __future__ import annotations

from typing import Any, Final

from django_capi.meta.cookies import is_well_formed
from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.hashing import SHA256_FORM
from django_capi.meta.normalize.ids import ip_address
from django_capi.meta.normalize.keys import BY_KEY, HASHED
from django_capi.meta.rules.problem import Rule, Seen, Severity

# https://developers.facebook.com/documentation/ads-commerce/conversions-api/best-practices
TOO_BROAD: Final = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)
CONTACT: Final = frozenset(HASHED) - {"external_id"}
EMPTY_HASH: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _unhashed(seen: Seen) -> bool:
    for key in CONTACT & seen.user.keys():
        for one in _values(seen.user[key]):
            if not isinstance(one, str) or SHA256_FORM(one) is None:
                return True
    return False


def _too_broad(seen: Seen) -> bool:
    there = {key for key, value in seen.user.items() if value}
    return bool(seen.user) and any(there <= broad for broad in TOO_BROAD)


def _not_text(key: str, seen: Seen) -> bool:
    value = seen.user.get(key)
    return value is not None and not isinstance(value, str)


def _malformed(key: str, seen: Seen) -> bool:
    value = seen.user.get(key)
    return isinstance(value, str) and not is_well_formed(value)


def _address(reasons: frozenset[Reason], seen: Seen) -> bool:
    value = seen.user.get("client_ip_address")
    return isinstance(value, str) and ip_address(value) in reasons


def _empty_hash(seen: Seen) -> bool:
    return any(EMPTY_HASH in _values(seen.user[key]) for key in HASHED.keys() & seen.user.keys())


def _bad_external_id(seen: Seen) -> bool:
    value = seen.user.get("external_id")
    return value is not None and not all(isinstance(one, str) for one in _values(value))


_REFUSED, _WARNED = Severity.REFUSED, Severity.WARNED

PERSON_RULES: Final = (
    Rule("contact_data_hashed", "user_data", _REFUSED, 2804016, _unhashed,
         "Hash contact data with SHA-256 after normalising it (UserData.from_raw does).",
         "Customer Information Parameters; captured answer"),
    Rule("enough_to_match", "user_data", _REFUSED, 2804050, _too_broad,
         "Add an identifier: an address, a phone number, external_id, fbp, fbc or the visitor's IP address.",
         "Best Practices; captured answer"),
    Rule("fbc_form", "user_data.fbc", _REFUSED, 2804001, lambda seen: _malformed("fbc", seen),
         "Send fb.<index>.<milliseconds>.<fbclid>, or no fbc at all.", "ClickID page; seen in the field"),
    Rule("fbp_form", "user_data.fbp", _WARNED, None, lambda seen: _malformed("fbp", seen),
         "Send the cookie as the browser has it, or no fbp at all.", "diagnostic s2s_invalid_fbp_cookie"),
    Rule("ip_address_type", "user_data.client_ip_address", _REFUSED, None,
         lambda seen: _not_text("client_ip_address", seen),
         "Send one address as a text.", "Customer Information Parameters"),
    Rule("user_agent_type", "user_data.client_user_agent", _REFUSED, None,
         lambda seen: _not_text("client_user_agent", seen),
         "Send one browser as a text.", "Customer Information Parameters"),
    Rule("ip_address_form", "user_data.client_ip_address", _WARNED, None,
         lambda seen: _address(frozenset({Reason.MALFORMED}), seen),
         "Send the visitor's IPv4 or IPv6 address without port, brackets or spaces.",
         "diagnostic s2s_invalid_ip_address"),
    Rule("ip_address_public", "user_data.client_ip_address", _WARNED, None,
         lambda seen: _address(frozenset({Reason.NOT_PUBLIC}), seen),
         "This is a proxy's or a local address: say how many proxies stand in front of the site.",
         "diagnostic s2s_private_ip_address"),
    Rule("external_id_type", "user_data.external_id", _REFUSED, None, _bad_external_id,
         "Send ids as texts.", "Customer Information Parameters"),
    Rule("no_empty_hash", "user_data", _WARNED, None, _empty_hash,
         "This is the hash of an empty text; leave the key out.", "diagnostics capi_pii_*_empty"),
    Rule("known_keys", "user_data", _WARNED, None, lambda seen: not seen.user.keys() <= BY_KEY.keys(),
         "Meta has no such key in user_data; put it into custom_data if it is not about the person.",
         "Customer Information Parameters; seen in the field"),
)  # fmt: skip
