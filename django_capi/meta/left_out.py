"""The reasons why values are left out, and the record of one that was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django_capi.meta.translatable import gettext_noop as _

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,49}").fullmatch


class Reason(StrEnum):
    EMPTY = "empty"
    PLACEHOLDER = "placeholder"
    TYPE = "type"
    UNKNOWN_KEY = "unknown_key"
    ONE_VALUE = "one_value"
    TOO_LONG = "too_long"
    UNREADABLE = "unreadable"
    MD5 = "md5"
    NOT_AN_EMAIL = "not_an_email"
    PHONE_NEEDS_COUNTRY = "phone_needs_country"
    PHONE_LENGTH = "phone_length"
    PHONE_IMPOSSIBLE = "phone_impossible"
    POSTCODE = "postcode"
    UNKNOWN_COUNTRY = "unknown_country"
    IMPOSSIBLE_DATE = "impossible_date"
    AMBIGUOUS_DATE = "ambiguous_date"
    NOT_F_OR_M = "not_f_or_m"
    MALFORMED = "malformed"
    NOT_PUBLIC = "not_public"
    NOT_A_NUMBER = "not_a_number"
    UNKNOWN_CURRENCY = "unknown_currency"
    CURRENCY_CONFLICT = "currency_conflict"
    INCOMPLETE = "incomplete"
    PERSONAL = "personal"
    RESERVED = "reserved"


MEANING: Final[dict[Reason, str]] = {
    Reason.EMPTY: _("nothing was left after cleaning; an empty string is never hashed"),
    Reason.PLACEHOLDER: _("stands for a missing value, such as None, null or N/A"),
    Reason.TYPE: _("a value of this type cannot be sent under this key"),
    Reason.UNKNOWN_KEY: _("Meta has no such key here"),
    Reason.ONE_VALUE: _("the key takes one value, but several were given"),
    Reason.TOO_LONG: _("longer than any real value of this kind"),
    Reason.UNREADABLE: _("not valid Unicode, so it has no UTF-8 bytes to hash or send"),
    Reason.MD5: _("already hashed with MD5; Meta's pages accept SHA-256 only"),
    Reason.NOT_AN_EMAIL: _("does not look like one e-mail address"),
    Reason.PHONE_NEEDS_COUNTRY: _("a national number whose country is not known (or phonenumbers is not installed)"),
    Reason.PHONE_LENGTH: _("not 7 to 15 digits after cleaning"),
    Reason.PHONE_IMPOSSIBLE: _("not a possible number in its country, or not one number"),
    Reason.POSTCODE: _("an American postcode with fewer than five digits"),
    Reason.UNKNOWN_COUNTRY: _("not an ISO 3166-1 country code or a country name that is known here"),
    Reason.IMPOSSIBLE_DATE: _("no such day, or not between 1900 and 2099"),
    Reason.AMBIGUOUS_DATE: _("could be two different days, or is not a date"),
    Reason.NOT_F_OR_M: _("Meta takes f or m only"),
    Reason.MALFORMED: _("does not have the form that Meta documents for this identifier"),
    Reason.NOT_PUBLIC: _("a private, loopback or otherwise unroutable address"),
    Reason.NOT_A_NUMBER: _("not a plain number, or not finite and below 2^53"),
    Reason.UNKNOWN_CURRENCY: _("not an ISO 4217 code"),
    Reason.CURRENCY_CONFLICT: _("differs from the currency of the money object"),
    Reason.INCOMPLETE: _("an entry of contents without id or quantity, which Meta refuses"),
    Reason.PERSONAL: _("is or names contact data, which must never be in custom_data"),
    Reason.RESERVED: _("the name belongs to another part of the event"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    key: str
    reason: Reason


def left_out(key: object, reason: Reason) -> LeftOut:
    """Record that a value was left out. A key that is not a plain name may be personal data itself, and becomes `?`."""
    name = key if isinstance(key, str) and _PLAIN_NAME(key) else "?"
    return LeftOut(key=name, reason=reason)
