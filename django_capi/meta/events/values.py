"""Clean one raw value of `custom_data`: return what is sent, or the reason why it is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from numbers import Integral, Real
from typing import Final

from django_capi.meta.events.currencies import CURRENCIES
from django_capi.meta.events.names import CustomerSegmentation, DeliveryCategory
from django_capi.meta.iterables import in_order, is_several
from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.placeholders import is_placeholder
from django_capi.meta.normalize.text import text_of
from django_capi.meta.personal import has_sign, holds_contact_data, holds_phone_number
from django_capi.meta.wire import JSON, LARGEST_EXACT, json_number

LONGEST_TEXT: Final = 1_000
LONGEST_CACHED: Final = 200
LARGEST_AMOUNT: Final = LARGEST_EXACT

_PLAIN_NUMBER = re.compile(r"-?\d{1,16}(?:\.\d{1,60})?", re.ASCII).fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# A list or mapping as a string: JSON, `str()`, or the repr of a queryset.
_WRITTEN_OUT = re.compile(r"\[.*\]|\{.*\}|\(.*,.*\)|<.*>|dict_(?:keys|values|items)\(.*\)", re.DOTALL).fullmatch


def amount(value: object) -> int | float | Reason:
    """Accept a `Decimal`, an int, a float, a plain numeric string, or an object with `.amount`."""
    if type(value) is Decimal:
        return _of_decimal(value) if value.is_finite() else Reason.NOT_A_NUMBER
    if type(value) is int or type(value) is float:
        return _bounded(value)
    return _of_other(value)


def _bounded(value: float) -> int | float | Reason:
    # False for NaN, too.
    return value if -LARGEST_AMOUNT < value < LARGEST_AMOUNT else Reason.NOT_A_NUMBER


@lru_cache(maxsize=4_096)
def _of_decimal(value: Decimal) -> int | float | Reason:
    try:
        nearest = json_number(value)
    except (ValueError, InvalidOperation):
        return Reason.NOT_A_NUMBER
    return nearest if -LARGEST_AMOUNT < nearest < LARGEST_AMOUNT else Reason.NOT_A_NUMBER


def _of_other(value: object) -> int | float | Reason:
    if isinstance(value, bool):
        return Reason.TYPE
    if isinstance(value, str):
        stripped = value.strip()
        return amount(Decimal(stripped)) if _PLAIN_NUMBER(stripped) else Reason.NOT_A_NUMBER
    inner: object = value if isinstance(value, Real | Decimal) else getattr(value, "amount", None)
    if isinstance(inner, bool):
        return Reason.TYPE
    if isinstance(inner, Decimal):
        return amount(Decimal(inner))
    return _of_real(inner) if isinstance(inner, Real) else Reason.TYPE


def _of_real(value: Real) -> int | float | Reason:
    """Accept an int, a float, a `Fraction`, or a number type of another library."""
    try:
        return _bounded(int(value) if isinstance(value, Integral) else float(value))
    except (OverflowError, ValueError):
        return Reason.NOT_A_NUMBER


def currency_code(value: object) -> str:
    """Return a code of ISO 4217 in capitals, from a string or an object with `.code`."""
    if type(value) is str and value in CURRENCIES:
        return value
    code = value if isinstance(value, str) else getattr(value, "code", None)
    if not isinstance(code, str):
        return Reason.TYPE
    written = code.strip().upper()
    return written if written in CURRENCIES else Reason.UNKNOWN_CURRENCY


def text(value: object) -> str:
    """Trim, and replace control characters by spaces. Text that holds contact data is not sent at all."""
    if type(value) is str and value.isprintable() and not has_sign(value):
        plain_text = value.strip()
        if 0 < len(plain_text) <= LONGEST_TEXT:
            return plain_text
    written = text_of(value)
    if type(written) is Reason:
        return written
    if not written.isprintable():
        written = _CONTROL.sub(" ", written)
        if not _is_readable(written):
            return Reason.UNREADABLE
    written = written.strip()
    if not written:
        return Reason.EMPTY
    if len(written) > LONGEST_TEXT:
        return Reason.TOO_LONG
    return Reason.PERSONAL if holds_contact_data(written) else written


def free_text(value: object) -> str:
    """As `text`, for what a visitor may have typed: also refuses telephone numbers without a country code."""
    written = text(value)
    return Reason.PERSONAL if type(written) is not Reason and holds_phone_number(written) else written


def identifier(value: object) -> str:
    """Return the id of an order or a product; a list written as a string is refused, and so is `None`."""
    written = text(value)
    if type(written) is Reason:
        return written
    if written[-1].isdigit():  # neither a placeholder nor a list ends so
        return written
    if is_placeholder(written):
        return Reason.PLACEHOLDER
    return Reason.TYPE if _WRITTEN_OUT(written) else written


def product_text(value: object) -> str:
    """As `text`, cached: for what many events share, such as the title of a product."""
    return _cached_text(value) if type(value) is str and len(value) <= LONGEST_CACHED else text(value)


def product_id(value: object) -> str:
    return _cached_identifier(value) if type(value) is str and len(value) <= LONGEST_CACHED else identifier(value)


def _is_readable(written: str) -> bool:
    try:
        written.encode()
    except UnicodeEncodeError:
        return False
    return True


def product_ids(value: object) -> tuple[str, ...] | Reason:
    """Accept one or several ids; drop those that cannot be sent, and keep the order of the others."""
    kept = _each(product_id, value if is_several(value) else [value])
    return kept if type(kept) is Reason else tuple(kept)  # type: ignore[arg-type]  # the rule gives strings


def _each(rule: Callable[[object], object], values: Iterable[object]) -> list[object] | Reason:
    items = in_order(values)
    if items is None:
        return Reason.TOO_LONG
    reason: Reason | None = None
    kept: list[object] = []
    for one in items:
        cleaned = rule(one)
        if type(cleaned) is not Reason:
            kept.append(cleaned)
        else:
            reason = reason or cleaned
    return kept or reason or Reason.EMPTY


def whole_number(value: object) -> int | Reason:
    if type(value) is int:
        return value if -LARGEST_AMOUNT < value < LARGEST_AMOUNT else Reason.NOT_A_NUMBER
    cleaned = amount(value)
    if isinstance(cleaned, Reason):
        return cleaned
    return int(cleaned) if cleaned == int(cleaned) else Reason.NOT_A_NUMBER


def flag_or_text(value: object) -> bool | str:
    return value if isinstance(value, bool) else text(value)


def delivery_category(value: object) -> str:
    return _one_of(DeliveryCategory, value)


def customer_segmentation(value: object) -> str:
    return _one_of(CustomerSegmentation, value)


def _one_of(names: type[DeliveryCategory | CustomerSegmentation], value: object) -> str:
    written = text(value)
    return written if isinstance(written, Reason) or written in set(names) else Reason.MALFORMED


def store_data(value: object) -> Mapping[str, JSON] | Reason:
    """Clean `store_data`: the ids of a shop as strings."""
    if not isinstance(value, Mapping):
        return Reason.TYPE
    cleaned = {key: text(value[key]) for key in ("store_page_id", "brand_page_id", "store_code") if value.get(key)}
    kept = {key: one for key, one in cleaned.items() if not isinstance(one, Reason)}
    return kept or Reason.EMPTY


def property_value(value: object) -> JSON | Reason:
    """Clean a custom property: a string, a number, a flag, a date, or a list of these."""
    return _each(_scalar, value) if is_several(value) else _scalar(value)  # type: ignore[return-value]


def _scalar(value: object) -> str | int | float | Reason:
    if isinstance(value, bool):
        return value
    if isinstance(value, Real | Decimal):
        return amount(value)
    return free_text(value.isoformat() if isinstance(value, date) else value)


_cached_text: Final = lru_cache(maxsize=4_096)(text)
_cached_identifier: Final = lru_cache(maxsize=4_096)(identifier)
