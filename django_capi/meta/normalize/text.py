"""Turn any value that a site may hold into clean text in composed Unicode (NFC)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from numbers import Integral
from typing import Final
from unicodedata import category, decimal, normalize
from uuid import UUID

from django_capi.meta.left_out import Reason

LARGEST_INTEGER: Final = 10**30

_HIDDEN_RANGES: Final = (
    (0x00, 0x08),
    (0x0E, 0x1B),
    (0x7F, 0x84),
    (0x86, 0x9F),
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xE0000, 0xE01EF),
)
_HIDDEN: Final = {code: None for first, last in _HIDDEN_RANGES for code in range(first, last + 1)}
# Tables for bytes.translate, which is many times faster than str.translate.
LOWER: Final = bytes(range(128)).lower() + bytes(range(128, 256))
_NOT_LETTER: Final = bytes(code for code in range(128) if not chr(code).isalpha())
NOT_LETTER_OR_DIGIT: Final = bytes(code for code in range(128) if not chr(code).isalnum())
_WHOLE_FLOAT: Final = 2**53


def clean(text: str) -> str:
    """Remove hidden marks, compose, and strip both ends: `clean("\\u200b Ann ")` is `"Ann"`."""
    if not (text.isascii() and text.isprintable()):
        text = normalize("NFC", text.translate(_HIDDEN))
    return text.strip()


def text_of(value: object) -> str:
    """Return one value as text, or a `Reason`."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool):
        return Reason.TYPE
    if isinstance(value, int):
        return str(int(value)) if -LARGEST_INTEGER < value < LARGEST_INTEGER else Reason.TOO_LONG
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) <= _WHOLE_FLOAT else Reason.TYPE
    if isinstance(value, Decimal):
        return _whole(value)
    if isinstance(value, UUID):
        return str(value)
    return _of_model_value(value)


def _whole(value: Decimal) -> str:
    if not value.is_finite() or abs(value) >= LARGEST_INTEGER or value != value.to_integral_value():
        return Reason.TYPE
    return str(int(value))


def _of_model_value(value: object) -> str:
    """Accept dates, phone numbers, countries and lazy strings, recognised by attributes as libraries are optional."""
    if isinstance(value, date):
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    if isinstance(value, Integral):
        return text_of(int(value))
    if hasattr(value, "casefold"):
        return str(value)
    calling_code = getattr(value, "country_code", None)
    national = getattr(value, "national_number", None)
    if isinstance(calling_code, int) and isinstance(national, int):
        return f"+{calling_code}{_leading_zeros(value)}{national}"
    for attribute in ("alpha_2", "code"):
        code = getattr(value, attribute, None)
        if isinstance(code, str):
            return str.__str__(code)
    return Reason.TYPE


def _leading_zeros(phone: object) -> str:
    if not getattr(phone, "italian_leading_zero", None):
        return ""
    zeros = getattr(phone, "number_of_leading_zeros", None)
    return "0" * min(zeros, 3) if isinstance(zeros, int) else "0"


def letters(text: str) -> str:
    """Return the lowercase letters of any script, with their combining marks."""
    if text.isascii():
        return text.encode().translate(LOWER, _NOT_LETTER).decode()
    return _keep(text, "LM")


def letters_and_digits(text: str) -> str:
    if text.isascii():
        return text.encode().translate(LOWER, NOT_LETTER_OR_DIGIT).decode()
    return _keep(text, "LMN")


def lower(text: str) -> str:
    return text.lower() if text.isascii() else normalize("NFC", text.lower())


def fold_digits(text: str) -> str:
    """Replace the decimal digits of any script by ASCII digits."""
    if text.isascii():
        return text
    return "".join(character if character.isascii() else _ascii_digit(character) for character in text)


def _keep(text: str, classes: str) -> str:
    return normalize("NFC", "".join(c for c in text.lower() if _class(c) in classes))


@lru_cache(maxsize=1_024)
def _class(character: str) -> str:
    return category(character)[0]


@lru_cache(maxsize=1_024)
def _ascii_digit(character: str) -> str:
    value = decimal(character, None)
    return character if value is None else str(value)
