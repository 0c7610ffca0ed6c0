"""A telephone number as people type it comes in; digits with the country code first go out, or the reason why not."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Final

from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.text import fold_digits

SHORTEST: Final = 7
LONGEST: Final = 15
SURELY_INTERNATIONAL: Final = 11

_SIGNS = str.maketrans("+()", "+()")
# What stands between digits and means nothing; a plus counts at the front only.
SYMBOLS: Final = b" ()+-./"
_TRUNK = re.compile(r"\(\s*0\s*\)")
# What follows the first letter, underscore, #, ; or comma after a digit is an extension or a remark ("ext 5").
_NUMBER = re.compile(r"[^\d+]*(\+?)\D*(\d(?:[^\w#;,]|\d)*)").match
_NOT_DIGIT = re.compile(r"\D+", re.ASCII)


def phone(text: str, country: str | None) -> str:
    """Without symbols, letters and leading zeros, with the country code: `(650)555-1212`, us, `16505551212`."""
    digits = ""
    if not text.isascii():
        text = fold_digits(text.translate(_SIGNS))
    if "(0" in text or "( " in text:
        text = _TRUNK.sub("", text)
    if text.isascii():
        digits = text.encode().translate(None, SYMBOLS).decode()
    plus = text.startswith("+")
    if not digits.isdigit():
        found = _NUMBER(text)
        if found is None:
            return Reason.EMPTY
        plus, digits = bool(found[1]), _NOT_DIGIT.sub("", found[2])
    if plus or digits.startswith("00"):
        digits = digits.lstrip("0")
        return digits if SHORTEST <= len(digits) <= LONGEST else Reason.PHONE_LENGTH
    return _national(digits, country) if country else _unplaced(digits)


def _checked(digits: str) -> str:
    return digits if SHORTEST <= len(digits) <= LONGEST else Reason.PHONE_LENGTH


def _unplaced(digits: str) -> str:
    # No country code begins with 0, so such a number is national however long it is.
    if len(digits) < SURELY_INTERNATIONAL or digits.startswith("0"):
        return Reason.PHONE_NEEDS_COUNTRY
    return _checked(digits)


def _national(digits: str, country: str) -> str:
    library = _phonenumbers()
    if library is None:
        return _unplaced(digits)
    if len(digits) > LONGEST + 2:
        return Reason.PHONE_LENGTH
    try:
        parsed = library.parse(digits, country.upper())
    except library.NumberParseException:
        return Reason.PHONE_IMPOSSIBLE
    if library.is_possible_number(parsed):
        return _checked(library.format_number(parsed, library.PhoneNumberFormat.E164).removeprefix("+"))
    foreign = _unplaced(digits)
    return Reason.PHONE_IMPOSSIBLE if isinstance(foreign, Reason) else foreign


@cache
def _phonenumbers() -> ModuleType | None:
    # Loaded at the first national number: its tables take as long to import as all of ours.
    try:
        return import_module("phonenumbers")
    except ImportError:
        return None
