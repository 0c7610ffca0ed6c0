"""Rules for `user_data`: hashes, identifiers, and the least that Meta can match. As of 2026-11-22."""

from __future__ import annotations

from typing import Any, Final

from django_capi.meta.cookies import is_well_formed
from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.hashing import SHA256_FORM
from django_capi.meta.normalize.ids import ip_address
from django_capi.meta.normalize.keys import BY_KEY, HASHED
from django_capi.meta.rules.problem import Parts, Rule, Severity
from django_capi.meta.translatable import gettext_noop as _

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


def _unhashed(parts: Parts) -> bool:
    for key in CONTACT & parts.user.keys():
        for one in _values(parts.user[key]):
            if not isinstance(one, str) or SHA256_FORM(one) is None:
                return True
    return False


def _too_broad(parts: Parts) -> bool:
    there = {key for key, value in parts.user.items() if value}
    return bool(parts.user) and any(there <= broad for broad in TOO_BROAD)


def _not_text(key: str, parts: Parts) -> bool:
    value = parts.user.get(key)
    return value is not None and not isinstance(value, str)


def _malformed(key: str, parts: Parts) -> bool:
    value = parts.user.get(key)
    return isinstance(value, str) and not is_well_formed(value)


def _address(reasons: frozenset[Reason], parts: Parts) -> bool:
    value = parts.user.get("client_ip_address")
    return isinstance(value, str) and ip_address(value) in reasons


def _empty_hash(parts: Parts) -> bool:
    return any(EMPTY_HASH in _values(parts.user[key]) for key in HASHED.keys() & parts.user.keys())


def _bad_external_id(parts: Parts) -> bool:
    value = parts.user.get("external_id")
    return value is not None and not all(isinstance(one, str) for one in _values(value))


_REFUSED, _WARNED = Severity.REFUSED, Severity.WARNED

PERSON_RULES: Final = (
    Rule("contact_data_hashed", "user_data", _REFUSED, 2804016, _unhashed,
         _("Hash contact data with SHA-256 after normalising it (UserData.from_raw does)."),
         "Customer Information Parameters; captured answer"),
    Rule("enough_to_match", "user_data", _REFUSED, 2804050, _too_broad,
         _("Add an identifier: an address, a phone number, external_id, fbp, fbc or the visitor's IP address."),
         "Best Practices; captured answer"),
    Rule("fbc_form", "user_data.fbc", _REFUSED, 2804001, lambda parts: _malformed("fbc", parts),
         _("Send fb.<index>.<milliseconds>.<fbclid>, or no fbc at all."), "ClickID page; seen in the field"),
    Rule("fbp_form", "user_data.fbp", _WARNED, None, lambda parts: _malformed("fbp", parts),
         _("Send the cookie as the browser has it, or no fbp at all."), "diagnostic s2s_invalid_fbp_cookie"),
    Rule("ip_address_type", "user_data.client_ip_address", _REFUSED, None,
         lambda parts: _not_text("client_ip_address", parts),
         _("Send one address as a string."), "Customer Information Parameters"),
    Rule("user_agent_type", "user_data.client_user_agent", _REFUSED, None,
         lambda parts: _not_text("client_user_agent", parts),
         _("Send one user agent as a string."), "Customer Information Parameters"),
    Rule("ip_address_form", "user_data.client_ip_address", _WARNED, None,
         lambda parts: _address(frozenset({Reason.MALFORMED}), parts),
         _("Send the visitor's IPv4 or IPv6 address without port, brackets or spaces."),
         "diagnostic s2s_invalid_ip_address"),
    Rule("ip_address_public", "user_data.client_ip_address", _WARNED, None,
         lambda parts: _address(frozenset({Reason.NOT_PUBLIC}), parts),
         _("This is a local address or a proxy's: set TRUSTED_PROXIES to the number of proxies in front of the site."),
         "diagnostic s2s_private_ip_address"),
    Rule("external_id_type", "user_data.external_id", _REFUSED, None, _bad_external_id,
         _("Send ids as strings."), "Customer Information Parameters"),
    Rule("no_empty_hash", "user_data", _WARNED, None, _empty_hash,
         _("This is the hash of an empty string; leave the key out."), "diagnostics capi_pii_*_empty"),
    Rule("known_keys", "user_data", _WARNED, None, lambda parts: not parts.user.keys() <= BY_KEY.keys(),
         _("Meta has no such key in user_data; move it to custom_data if it is not about the customer."),
         "Customer Information Parameters; seen in the field"),
)  # fmt: skip
