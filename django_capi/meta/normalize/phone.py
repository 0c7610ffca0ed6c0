"""Normalise telephone numbers to digits with the country code first."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.text import fold_digits

SHORTEST: Final = 7
LONGEST: Final = 15
SURELY_INTERNATIONAL: Final = 11
NORTH_AMERICAN: Final = 11
REPEATED: Final = 8

_SIGNS = str.maketrans("+()", "+()")
# Separators between digits. A plus means something at the front only.
SYMBOLS: Final = b" ()+-./"
_TRUNK = re.compile(r"\(\s*0\s*\)")
# From the first letter, underscore, #, ; or comma after a digit on, the rest is an extension or a remark ("ext 5").
_NUMBER = re.compile(r"[^\d+]*(\+?)\D*(\d(?:[^\w#;,]|\d)*)").match
_HAS_DIGIT = re.compile(r"\d").search
_NOT_DIGIT = re.compile(r"\D+", re.ASCII)
# A spreadsheet's 4.91711E+11 has lost the other digits.
_EXPONENT = re.compile(r"\D*\d[.,]?\d*[eE]\+?\d{1,2}\s*", re.ASCII).fullmatch
_SECOND_NUMBER = re.compile(r"(?:\d[ ().-]*){7}[/|&] ?(?:[+(]|0|(\d[ ().-]*){7})", re.ASCII).search
_OLD_MEXICAN_MOBILE = re.compile(r"521[0-9]{10}").fullmatch
_COUNTRY_CODE_OF_TWO: Final = "20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
_COUNTRY_CODE_OF_THREE: Final = "(?:2[1-689]|3[578]|42|5[09]|6[7-9]|8[05789]|9[679])[0-9]"
_TRUNK_EIGHT: Final = r"78[0-9]{10}\Z|3708[0-9]{8}\Z|3758[0-9]{9,10}\Z|9938[0-9]{8}\Z"
# The country code, followed by a trunk prefix: a zero in most countries, 8 in some from Russia to Lithuania, 1 in North
# America. A few countries, such as Italy, keep the zero. Mexico no longer uses its 1.
UNUSUAL: Final = (
    rf"0|(?:7|{_COUNTRY_CODE_OF_TWO}|{_COUNTRY_CODE_OF_THREE})0|{_TRUNK_EIGHT}|11[0-9]{{10}}\Z|521[0-9]{{10}}\Z"
)
_IS_UNUSUAL = re.compile(UNUSUAL).match


def phone(text: str, country: str | None) -> str:
    """Return the digits with the country code first: `16505551212` for `(650)555-1212` in the country `us`."""
    digits = ""
    if not text.isascii():
        text = fold_digits(text.translate(_SIGNS))
    if "(0" in text or "( " in text:
        text = _TRUNK.sub("", text)
    if text.isascii():
        digits = text.encode().translate(None, SYMBOLS).decode()
    plus = text.startswith("+")
    if not digits.isdigit():
        if not _HAS_DIGIT(text):
            return Reason.EMPTY
        match = None if _EXPONENT(text) else _NUMBER(text)
        if match is None:
            return Reason.PHONE_IMPOSSIBLE
        plus, digits = bool(match[1]), _NOT_DIGIT.sub("", match[2])
    if _holds_two(text, plus=plus):
        return Reason.PHONE_IMPOSSIBLE
    return _read(digits, country, plus=plus)


def ends_in_one_digit(digits: str | bytes) -> bool:
    """Whether the number ends in eight equal digits, such as `0000000000`, which people enter instead of a number."""
    return digits[-REPEATED:] == digits[-1:] * REPEATED


def _holds_two(text: str, *, plus: bool) -> bool:
    match = _SECOND_NUMBER(text) if "/" in text or "|" in text or "&" in text else None
    return match is not None and not (plus and match[1])


def _read(digits: str, country: str | None, *, plus: bool) -> str:
    if ends_in_one_digit(digits):
        return Reason.PLACEHOLDER
    if plus and not digits.startswith("0"):
        return _international(digits)
    if digits.startswith("00"):
        return (country and _dialled_abroad(digits, country)) or _international(digits.lstrip("0"))
    return _national(digits, country) if country else _unplaced(digits)


def _international(digits: str) -> str:
    if _OLD_MEXICAN_MOBILE(digits):
        digits = digits.replace("1", "", 1)
    library = _phonenumbers() if _IS_UNUSUAL(digits) else None
    return _form(library, _parsed(library, f"+{digits}")) if library else _checked(digits)


def _checked(digits: str) -> str:
    is_complete = SHORTEST <= len(digits) <= LONGEST and (len(digits) == NORTH_AMERICAN or digits[0] != "1")
    return digits if is_complete else Reason.PHONE_LENGTH


def _unplaced(digits: str) -> str:
    # No country code begins with 0, so such a number is national however long it is.
    if len(digits) < SURELY_INTERNATIONAL or digits.startswith("0"):
        return Reason.PHONE_NEEDS_COUNTRY
    return _international(digits)


def _national(digits: str, country: str) -> str:
    library = _phonenumbers()
    if library is None:
        return _unplaced(digits)
    if len(digits) > LONGEST + 2:
        return Reason.PHONE_LENGTH
    inside = _parsed(library, digits, country)
    if _has_own_code(library, digits, country, inside):
        return _international(digits)
    is_valid = inside is not None and library.is_valid_number(inside)
    abroad = None if is_valid else _abroad(library, digits)
    if abroad and (library.is_valid_number(abroad) or not _is_possible(library, inside)):
        return _form(library, abroad)
    return _form(library, inside)


def _has_own_code(library: ModuleType, digits: str, country: str, inside: Any) -> bool:
    """Whether the number starts with the country's own code, without a plus, and is valid with it."""
    region = country.upper()
    if not digits.startswith(str(library.country_code_for_region(region))):
        return False
    number = _parsed(library, f"+{digits}")
    if number is None or not library.is_valid_number(number):
        return False
    # Without a trunk prefix, a national number may begin with the same digits.
    return bool(library.ndd_prefix_for_region(region, strip_non_digits=True)) or not (
        inside and library.is_valid_number(inside)
    )


def _abroad(library: ModuleType, digits: str) -> Any:
    international = _unplaced(digits)
    return None if type(international) is Reason else _parsed(library, f"+{international}")


def _dialled_abroad(digits: str, country: str) -> str | None:
    """Read a number with the international prefix of its country: not all use 00 alone, Australia dials 0011."""
    library = _phonenumbers()
    number = _parsed(library, digits, country) if library else None
    return _form(library, number) if library and number and library.is_valid_number(number) else None


def _parsed(library: ModuleType, digits: str, country: str | None = None) -> Any:
    try:
        return library.parse(digits, country and country.upper())
    except library.NumberParseException:
        return None


def _is_possible(library: ModuleType, number: Any) -> bool:
    # phonenumbers also calls a number possible without its area code, but that works within the area only.
    result = library.ValidationResult.IS_POSSIBLE
    return number is not None and library.is_possible_number_with_reason(number) == result


def _form(library: ModuleType, number: Any) -> str:
    if not _is_possible(library, number):
        return Reason.PHONE_IMPOSSIBLE
    return _checked(library.format_number(number, library.PhoneNumberFormat.E164).removeprefix("+"))


@cache
def _phonenumbers() -> ModuleType | None:
    # Imported for the first national number: its tables take as long to import as this whole package.
    try:
        library = import_module("phonenumbers")
    except ImportError:
        return None
    # Two distributions share the name: uninstalling one leaves an empty package of the other.
    return library if hasattr(library, "parse") else None
