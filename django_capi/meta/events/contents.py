"""The lines of a basket come in, as mappings or `Content`; the entries of `contents` that Meta takes go out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from django_capi.meta.events.names import InvalidEvent
from django_capi.meta.events.values import MOST_ITEMS, amount, delivery_category, text, whole_number
from django_capi.meta.left_out import LeftOut, Reason, left_out
from django_capi.meta.wire import JSON, number


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
            raise InvalidEvent("contents.id", "must be text")
        if type(self.quantity) is not int:
            raise InvalidEvent("contents.quantity", "must be a whole number")
        for key in ("item_price", "price"):
            object.__setattr__(self, key, as_json_number(f"contents.{key}", getattr(self, key)))
        object.__setattr__(self, "__dict__", {key: value for key, value in self.__dict__.items() if value is not None})

    def payload(self) -> dict[str, JSON]:
        return dict(self.__dict__)


def as_json_number(field: str, value: Decimal | float | None) -> float | None:
    """Money is a Decimal inside and a number at the border; this is the border."""
    if value is None or type(value) in (int, float):
        return value if value is None else float(value) if type(value) is float else int(value)
    if not isinstance(value, Decimal):
        raise InvalidEvent(field, "must be a number; use from_raw")
    try:
        return number(value)
    except (ValueError, InvalidOperation):
        raise InvalidEvent(field, "must be a number that JSON can carry") from None


CONTENT_FIELDS: Final[dict[str, Callable[[object], object]]] = {
    "id": text,
    "quantity": whole_number,
    "item_price": amount,
    "price": amount,
    "title": text,
    "description": text,
    "brand": text,
    "category": text,
    "delivery_category": delivery_category,
}


def contents_of(value: object) -> tuple[tuple[Content, ...], list[LeftOut]]:
    """The usable lines, in their order, and what was left out of them."""
    if isinstance(value, Mapping | Content):
        value = [value]
    if not isinstance(value, list | tuple) or len(value) > MOST_ITEMS:
        return (), [left_out("contents", Reason.TYPE)]
    missing: list[LeftOut] = []
    kept = [line for line in (_line(one, missing) for one in value) if line is not None]
    return tuple(kept), missing


def _line(one: object, missing: list[LeftOut]) -> Content | None:
    if isinstance(one, Content):
        return one
    if not isinstance(one, Mapping):
        missing.append(left_out("contents", Reason.TYPE))
        return None
    found = _cleaned(one)
    if found is not None:
        return _ready(found)
    found = {}
    for key, value in one.items():
        if value is None:
            continue
        clean = CONTENT_FIELDS.get(key)
        cleaned = clean(value) if clean else Reason.UNKNOWN_KEY
        if type(cleaned) is Reason:
            missing.append(left_out(f"contents.{key}", cleaned))
        else:
            found[key] = cleaned
    if "id" in found and "quantity" in found:
        return _ready(found)
    missing.append(left_out("contents", Reason.INCOMPLETE))
    return None


def _cleaned(one: Mapping[str, object]) -> dict[str, object] | None:
    """The usual line, of which nothing is left out, in one sweep."""
    try:
        found = {key: CONTENT_FIELDS[key](value) for key, value in one.items()}
    except (KeyError, TypeError):
        return None
    return found if "id" in found and "quantity" in found and Reason not in map(type, found.values()) else None


def _ready(found: dict[str, object]) -> Content:
    # Past the generated __init__, as the values are clean. The class has the defaults of what is absent.
    made = object.__new__(Content)
    object.__setattr__(made, "__dict__", found)
    return made
