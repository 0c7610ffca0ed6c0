"""The lines of a basket come in, as mappings or `Content`; the entries of `contents` that Meta takes go out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from django_capi.meta.events.names import InvalidEvent
from django_capi.meta.events.sweep import AMOUNT, TEXT, WHOLE, swept
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
        return self.__dict__.copy()


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


LINE_KINDS: Final = {
    "id": TEXT,
    "quantity": WHOLE,
    "item_price": AMOUNT,
    "price": AMOUNT,
    "title": TEXT,
    "description": TEXT,
    "brand": TEXT,
    "category": TEXT,
}
_new, _set = object.__new__, object.__setattr__
_SEQUENCES: Final = (list, tuple)


def contents_of(value: object) -> tuple[tuple[Content, ...], list[LeftOut]]:
    """The usable lines, in their order, and what was left out of them."""
    lines = value if isinstance(value, _SEQUENCES) else [value]
    if len(lines) > MOST_ITEMS:
        return (), [left_out("contents", Reason.TOO_LONG)]
    missing: list[LeftOut] = []
    kept: list[Content] = []
    for one in lines:
        usual = swept(one, LINE_KINDS) if type(one) is dict else None
        if usual is not None and "id" in usual and "quantity" in usual:
            # Past the generated __init__, as the values are clean. The class has the defaults of what is absent.
            line = _new(Content)
            _set(line, "__dict__", usual)
            kept.append(line)
        elif (other := _line(one, missing)) is not None:
            kept.append(other)
    return tuple(kept), missing


def _line(one: object, missing: list[LeftOut]) -> Content | None:
    if isinstance(one, Content):
        return one
    if not isinstance(one, Mapping):
        missing.append(left_out("contents", Reason.TYPE))
        return None
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
        made = _new(Content)
        _set(made, "__dict__", found)
        return made
    missing.append(left_out("contents", Reason.INCOMPLETE))
    return None
