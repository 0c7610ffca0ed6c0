"""Build the entries of `contents` from the lines of a basket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django_capi.meta.events.names import InvalidEvent
from django_capi.meta.events.values import amount, delivery_category, product_id, product_text, whole_number
from django_capi.meta.iterables import in_order, is_several
from django_capi.meta.left_out import LeftOut, Reason, left_out
from django_capi.meta.wire import JSON, json_number


@dataclass(frozen=True, kw_only=True)
class Content:
    """One line of a basket; Meta refuses one without `id` or `quantity`."""

    id: str
    quantity: int
    item_price: Decimal | float | None = None
    price: Decimal | float | None = None
    title: str | None = None
    description: str | None = None
    brand: str | None = None
    category: str | None = None
    delivery_category: str | None = None

    def __post_init__(self) -> None:
        given: object = self.id
        if not isinstance(given, str) or not given:
            raise InvalidEvent("contents.id", "must be a non-empty string")
        if type(self.quantity) is not int:
            raise InvalidEvent("contents.quantity", "must be a whole number")
        for key in ("item_price", "price"):
            object.__setattr__(self, key, as_json_number(f"contents.{key}", getattr(self, key)))
        object.__setattr__(self, "__dict__", {key: value for key, value in self.__dict__.items() if value is not None})

    def payload(self) -> dict[str, JSON]:
        return self.__dict__.copy()


def as_json_number(field: str, value: Decimal | float | None) -> float | None:
    """Return an amount as the number that JSON carries."""
    if value is None or type(value) in (int, float):
        return value if value is None else float(value) if type(value) is float else int(value)
    if not isinstance(value, Decimal):
        raise InvalidEvent(field, "must be a number; use from_raw")
    try:
        return json_number(value)
    except (ValueError, InvalidOperation):
        raise InvalidEvent(field, "must be a number that JSON can carry") from None


CONTENT_FIELDS: Final[dict[str, Callable[[object], object]]] = {
    "id": product_id,
    "quantity": whole_number,
    "item_price": amount,
    "price": amount,
    "title": product_text,
    "description": product_text,
    "brand": product_text,
    "category": product_text,
    "delivery_category": delivery_category,
}

_new, _set = object.__new__, object.__setattr__


# The usable lines in order; the ids of all lines if one has no usable quantity; what was left out.
Lines = tuple[tuple[Content, ...], tuple[str, ...], tuple[LeftOut, ...]]


def contents_of(value: object) -> Lines:
    lines = in_order(value) if is_several(value) else [value]
    if lines is None:
        return (), (), (left_out("contents", Reason.TOO_LONG),)
    missing: list[LeftOut] = []
    kept: list[Content] = []
    bare: list[tuple[int, str]] = []
    for one in lines:
        line = _line(one, missing)
        if isinstance(line, Content):
            kept.append(line)
        elif line is not None:
            bare.append((len(kept), line))
    return tuple(kept), _all_ids(kept, bare) if bare else (), tuple(missing)


def _all_ids(kept: list[Content], bare: list[tuple[int, str]]) -> tuple[str, ...]:
    """Return the ids of all lines. Meta refuses a line without a quantity, but its product was still in the basket."""
    ids = [line.id for line in kept]
    for position, one in reversed(bare):
        ids.insert(position, one)
    return tuple(ids)


def _line(one: object, missing: list[LeftOut]) -> Content | str | None:
    """The line; only its id when the quantity is missing; None when there is not even an id."""
    if isinstance(one, Content):
        return one
    if type(one) is not dict and not isinstance(one, Mapping):
        missing.append(left_out("contents", Reason.TYPE))
        return None
    cleaned: dict[str, Any] = {}
    for key, value in one.items():
        if value is not None:
            rule = CONTENT_FIELDS.get(key)
            sent = rule(value) if rule else Reason.UNKNOWN_KEY
            if type(sent) is Reason:
                missing.append(left_out(f"contents.{key}", sent))
            else:
                cleaned[key] = sent
    if "id" in cleaned and "quantity" in cleaned:
        # Not through the generated __init__: the values are clean, and the class has the defaults of what is absent.
        line = _new(Content)
        _set(line, "__dict__", cleaned)
        return line
    missing.append(left_out("contents", Reason.INCOMPLETE))
    return cleaned.get("id")
