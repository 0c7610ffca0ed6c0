"""A fast path for mappings that hold usual values only.

The rules in `values` give the same result for whatever this takes, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from django_capi.meta.events.currencies import CURRENCIES
from django_capi.meta.events.values import LARGEST_AMOUNT, LONGEST_TEXT, amount
from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.placeholders import LONGEST_WORD, WORDS
from django_capi.meta.personal import has_sign


class Kind(Enum):
    ID = auto()
    TEXT = auto()
    AMOUNT = auto()
    WHOLE = auto()
    CURRENCY = auto()
    APART = auto()


# Prices repeat.
_price = lru_cache(maxsize=4_096)(amount)
ID, TEXT, AMOUNT, WHOLE, CURRENCY, APART = Kind
_LEAST: Final = -LARGEST_AMOUNT


def swept(values: Mapping[str, object], kinds: Mapping[str, Kind]) -> dict[str, object] | None:
    """All of the values, cleaned, without what stands apart; None when any of them is not of the plainest kind."""
    found: dict[str, object] = {}
    for key, value in values.items():
        kind = kinds.get(key)
        if kind is TEXT or kind is ID:
            if type(value) is not str or not value.isprintable() or not _has_no_sign(value):
                return None
            found[key] = text = value.strip()
            if not text or len(text) > LONGEST_TEXT or (kind is ID and not _is_usual_id(text)):
                return None
        elif type(value) is int and (kind is WHOLE or kind is AMOUNT) and _LEAST < value < LARGEST_AMOUNT:
            found[key] = value
        elif kind is AMOUNT and type(value) is Decimal and value.is_finite():
            found[key] = price = _price(value)
            if type(price) is Reason:
                return None
        elif kind is CURRENCY and type(value) is str and value in CURRENCIES:
            found[key] = value
        elif kind is not APART:
            return None
    return found


def _has_no_sign(text: str) -> bool:
    if text.isascii():
        return not ("@" in text or "%" in text or "+" in text or ":" in text)
    return has_sign(text) is None


def _is_usual_id(text: str) -> bool:
    return text[0].isalnum() and text[-1].isalnum() and not (len(text) <= LONGEST_WORD and text.casefold() in WORDS)
