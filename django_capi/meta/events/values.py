"""One raw value of `custom_data` comes in; what JSON and Meta take goes out, or the reason why it is left out."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from django_capi.meta.events.currencies import CURRENCIES
from django_capi.meta.events.names import CustomerSegmentation, DeliveryCategory
from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.text import text_of
from django_capi.meta.wire import JSON, number

LONGEST_TEXT: Final = 1_000
MOST_ITEMS: Final = 1_000
LARGEST_AMOUNT: Final = 10**15

_PLAIN_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,12})?", re.ASCII).fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Anything that reads as an e-mail address, wherever it stands in a text.
_EMAIL_INSIDE = re.compile(r"[^\s@](?:@|%40)[^\s@.]+\.[^\s@]").search


def amount(value: object) -> int | float | Reason:
    """`Decimal`, int, float, a plain numeric text, or an object with `.amount`."""
    if type(value) is Decimal:
        return _of_decimal(value)
    if type(value) is int or type(value) is float:
        return _bounded(value)
    return _of_other(value)


def _bounded(value: float) -> int | float | Reason:
    # NaN is not less than anything.
    return value if -LARGEST_AMOUNT < value < LARGEST_AMOUNT else Reason.NOT_A_NUMBER


def _of_decimal(value: Decimal) -> int | float | Reason:
    try:
        found = number(value)
    except (ValueError, InvalidOperation):
        return Reason.NOT_A_NUMBER
    return found if -LARGEST_AMOUNT < found < LARGEST_AMOUNT else Reason.NOT_A_NUMBER


def _of_other(value: object) -> int | float | Reason:
    if isinstance(value, bool):
        return Reason.TYPE
    if isinstance(value, str):
        stripped = value.strip()
        return _of_decimal(Decimal(stripped)) if _PLAIN_NUMBER(stripped) else Reason.NOT_A_NUMBER
    if isinstance(value, int | float):
        return _bounded(float(value) if isinstance(value, float) else int(value))
    inner = value if isinstance(value, Decimal) else getattr(value, "amount", None)
    if isinstance(inner, Decimal):
        return _of_decimal(inner)
    return _bounded(inner) if isinstance(inner, int | float) and not isinstance(inner, bool) else Reason.TYPE


def currency_code(value: object) -> str:
    """ISO 4217 in capitals, from a text or an object with `.code`."""
    code = value if isinstance(value, str) else getattr(value, "code", None)
    if not isinstance(code, str):
        return Reason.TYPE
    written = code.strip().upper()
    return written if written in CURRENCIES else Reason.UNKNOWN_CURRENCY


def text(value: object) -> str:
    """Trimmed, control characters as spaces; an e-mail address inside keeps the whole text from being sent."""
    if type(value) is str and value.isprintable() and "@" not in value and "%" not in value:
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
    if ("@" in written or "%40" in written) and _EMAIL_INSIDE(written):
        return Reason.PERSONAL
    return written


def _is_readable(written: str) -> bool:
    try:
        written.encode()
    except UnicodeEncodeError:
        return False
    return True


def texts(value: object) -> tuple[str, ...] | Reason:
    """One or several texts; those that cannot be sent are dropped, the others keep their order."""
    several = _in_order(value) if isinstance(value, list | tuple | set | frozenset) else [value]
    if len(several) > MOST_ITEMS:
        return Reason.TOO_LONG
    cleaned = [text(one) for one in several]
    kept = tuple(one for one in cleaned if not isinstance(one, Reason))
    return kept or next((one for one in cleaned if isinstance(one, Reason)), Reason.EMPTY)


def whole_number(value: object) -> int | Reason:
    if type(value) is int:
        return value if -LARGEST_AMOUNT < value < LARGEST_AMOUNT else Reason.NOT_A_NUMBER
    found = amount(value)
    if isinstance(found, Reason):
        return found
    return int(found) if found == int(found) else Reason.NOT_A_NUMBER


def flag_or_text(value: object) -> bool | str:
    return value if isinstance(value, bool) else text(value)


def delivery_category(value: object) -> str:
    return _one_of(DeliveryCategory, value)


def customer_segmentation(value: object) -> str:
    return _one_of(CustomerSegmentation, value)


def _one_of(names: type[DeliveryCategory | CustomerSegmentation], value: object) -> str:
    written = text(value)
    return written if isinstance(written, Reason) or written in set(names) else Reason.MALFORMED


def store(value: object) -> Mapping[str, JSON] | Reason:
    """`store_data`: the ids of a shop, each a text."""
    if not isinstance(value, Mapping):
        return Reason.TYPE
    found = {key: text(value[key]) for key in ("store_page_id", "brand_page_id", "store_code") if value.get(key)}
    kept = {key: one for key, one in found.items() if not isinstance(one, Reason)}
    return kept or Reason.EMPTY


def plain(value: object) -> JSON | Reason:
    """A custom property: text, number, flag, day, or a list of these."""
    if not isinstance(value, list | tuple | set | frozenset):
        return _scalar(value)
    if len(value) > MOST_ITEMS:
        return Reason.TOO_LONG
    kept = [one for one in map(_scalar, _in_order(value)) if not isinstance(one, Reason)]
    return kept or Reason.EMPTY


def _scalar(value: object) -> str | int | float | Reason:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return amount(value)
    return text(value.isoformat() if isinstance(value, date) else value)


def _in_order(values: Collection[object]) -> list[object]:
    return sorted(values, key=str) if isinstance(values, set | frozenset) else list(values)
