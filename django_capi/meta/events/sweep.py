"""A mapping of plain values comes in; what is sent of it goes out in one sweep, or nothing when one of them is not.

For speed alone: whatever this takes, the rules in `values` take the same way, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum, auto
from functools import lru_cache

from django_capi.meta.events.currencies import CURRENCIES
from django_capi.meta.events.values import LARGEST_AMOUNT, LONGEST_TEXT, amount
from django_capi.meta.left_out import Reason


class Kind(Enum):
    TEXT = auto()
    AMOUNT = auto()
    WHOLE = auto()
    CURRENCY = auto()
    APART = auto()


# Prices repeat.
_price = lru_cache(maxsize=4_096)(amount)
TEXT, AMOUNT, WHOLE, CURRENCY, APART = Kind


def swept(values: Mapping[str, object], kinds: Mapping[str, Kind]) -> dict[str, object] | None:
    """All of the values, cleaned, without what stands apart; None when any of them is not of the plainest kind."""
    found: dict[str, object] = {}
    for key, value in values.items():
        kind = kinds.get(key)
        if type(value) is str:
            if kind is TEXT and value.isprintable() and "@" not in value and "%" not in value:
                text = value.strip()
                if not text or len(text) > LONGEST_TEXT:
                    return None
                found[key] = text
            elif kind is CURRENCY and value in CURRENCIES:
                found[key] = value
            else:
                return None
        elif type(value) is int and (kind is WHOLE or kind is AMOUNT) and -LARGEST_AMOUNT < value < LARGEST_AMOUNT:
            found[key] = value
        elif type(value) is Decimal and kind is AMOUNT and value.is_finite():
            price = _price(value)
            if isinstance(price, Reason):
                return None
            found[key] = price
        elif kind is not APART:
            return None
    return found
