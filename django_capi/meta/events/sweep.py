"""A fast path for mappings that hold usual values only.

The rules in `values` give the same result for whatever this takes, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from django_capi.meta.events.currencies import CURRENCIES
from django_capi.meta.events.values import LARGEST_AMOUNT, LONGEST_TEXT, amount
from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.placeholders import WORDS
from django_capi.meta.personal import has_sign

Usual = Callable[[Any], object]

_LEAST: Final = -LARGEST_AMOUNT


def swept(values: Mapping[str, object], usual: Mapping[str, Usual]) -> dict[str, object] | None:
    """All of the values, cleaned, without what stands apart; None when any of them is not a usual one."""
    found: dict[str, object] = {}
    try:
        for key, value in values.items():
            rule = usual.get(key)
            if rule is apart:
                continue
            if rule is None or (cleaned := rule(value)) is None:
                return None
            found[key] = cleaned
    except TypeError:  # what cannot be looked up in a cache is no usual value
        return None
    return found


def apart(_value: object) -> None:
    """For a key that its own code cleans."""


def text(value: object) -> str | None:
    if type(value) is not str or not value.isprintable() or "@" in value or "%" in value or "+" in value:
        return None
    found = value.strip()
    is_usual = 0 < len(found) <= LONGEST_TEXT and (found.isascii() or has_sign(found) is None)
    return found if is_usual else None


def identifier(value: object) -> str | None:
    found = text(value)
    if found is None or found[-1].isdigit():  # no placeholder and no list ends in a digit
        return found
    return found if found[0].isalnum() and found[-1].isalnum() and found.casefold() not in WORDS else None


def whole(value: object) -> int | None:
    return value if type(value) is int and _LEAST < value < LARGEST_AMOUNT else None


@lru_cache(maxsize=4_096, typed=True)
def price(value: object) -> int | float | None:
    if type(value) is int:
        return whole(value)
    found = amount(value) if type(value) is Decimal and value.is_finite() else Reason.TYPE
    return None if isinstance(found, Reason) else found


# Products and their names repeat, order numbers do not.
product_text: Final = lru_cache(maxsize=4_096)(text)
product_id: Final = lru_cache(maxsize=4_096)(identifier)
currency: Final[Usual] = {code: code for code in CURRENCIES}.get
