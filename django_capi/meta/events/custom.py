"""The `custom_data` of an event: value, currency, products and the site's own properties."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, cast

from django_capi.meta.events import values as clean
from django_capi.meta.events.contact_keys import names_contact_data
from django_capi.meta.events.contents import Content, as_json_number, contents_of
from django_capi.meta.events.names import InvalidEvent
from django_capi.meta.left_out import LeftOut, Reason, left_out
from django_capi.meta.wire import JSON


@dataclass(frozen=True, kw_only=True, repr=False)
class CustomData:
    """Meta's standard parameters, and the site's own under `properties`."""

    value: Decimal | float | None = None
    currency: str | None = None
    content_ids: tuple[str, ...] | None = None
    contents: tuple[Content, ...] | None = None
    content_type: str | None = None
    content_name: str | None = None
    content_category: str | None = None
    num_items: int | None = None
    order_id: str | None = None
    item_number: str | None = None
    predicted_ltv: Decimal | float | None = None
    net_revenue: Decimal | float | None = None
    search_string: str | None = None
    status: bool | str | None = None
    delivery_category: str | None = None
    customer_segmentation: str | None = None
    event_source: str | None = None
    lead_event_source: str | None = None
    store_data: Mapping[str, JSON] | None = field(default=None, hash=False)
    properties: Mapping[str, JSON] | None = field(default=None, hash=False)
    left_out: tuple[LeftOut, ...] = ()

    def __post_init__(self) -> None:
        for key in _AMOUNTS:
            object.__setattr__(self, key, as_json_number("custom_data." + key, getattr(self, key)))
        if not all(isinstance(line, Content) for line in self.contents or ()):
            raise InvalidEvent("custom_data.contents", "must be Content objects; use CustomData.from_raw")
        if FIELDS.keys() & (self.properties or {}).keys():
            raise InvalidEvent("custom_data.properties", "must not repeat a standard parameter")
        object.__setattr__(
            self, "__dict__", {key: value for key, value in self.__dict__.items() if value not in _ABSENT}
        )

    @classmethod
    def from_raw(cls, values: Mapping[str, object]) -> CustomData:
        """Build from raw values. Unknown keys become properties; `left_out` says what cannot be sent, and why."""
        missing: list[LeftOut] = []
        cleaned_values = _cleaned(values, missing)
        if (lines := values.get("contents")) is not None:
            # One line can be left out while another is kept.
            kept, ids, incomplete = contents_of(lines)
            missing += incomplete
            if kept:
                cleaned_values["contents"] = kept
            if ids and values.get("content_ids") is None:
                cleaned_values["content_ids"] = ids
        if missing:
            cleaned_values["left_out"] = tuple(missing)
        # Not through the generated __init__: the values are clean, and the class has the defaults of what is absent.
        made = _new(cls)
        _set(made, "__dict__", cleaned_values)
        return made

    def payload(self) -> dict[str, JSON]:
        """Return what is present under Meta's names, together with the site's own properties."""
        made = self.__dict__.copy()
        if "contents" in made:
            made["contents"] = [line.__dict__.copy() for line in made["contents"]]
        if "content_ids" in made:
            made["content_ids"] = list(made["content_ids"])
        if "left_out" in made:
            del made["left_out"]
        if "properties" in made:
            made |= made.pop("properties")
        return made

    def __repr__(self) -> str:
        return f"CustomData({', '.join(self.payload())})"


FIELDS: Final[dict[str, Callable[[object], object]]] = {
    "value": clean.amount,
    "currency": clean.currency_code,
    "content_ids": clean.product_ids,
    "contents": contents_of,
    "content_type": clean.text,
    "content_name": clean.product_text,
    "content_category": clean.product_text,
    "num_items": clean.whole_number,
    "order_id": clean.identifier,
    "item_number": clean.identifier,
    "predicted_ltv": clean.amount,
    "net_revenue": clean.amount,
    "search_string": clean.free_text,
    "status": clean.flag_or_text,
    "delivery_category": clean.delivery_category,
    "customer_segmentation": clean.customer_segmentation,
    "event_source": clean.text,
    "lead_event_source": clean.text,
    "store_data": clean.store_data,
}
# Meta has a diagnostic for ids in custom_data; contact data is not allowed there at all.
_RESERVED: Final = (
    "event_id event_name event_time event_source_url action_source user_data custom_data external_id fbc fbp fbclid "
    "client_ip_address client_user_agent properties left_out"
)
RESERVED: Final = frozenset(_RESERVED.split())
_new, _set = object.__new__, object.__setattr__
_AMOUNTS: Final = ("value", "predicted_ltv", "net_revenue")
_ABSENT: Final = (None, ())
_PROPERTY_NAME = re.compile(r"[A-Za-z0-9_][\w .:$-]{0,99}", re.ASCII).fullmatch


def _cleaned(values: Mapping[str, object], missing: list[LeftOut]) -> dict[str, object]:
    """Clean standard parameters and custom properties one by one."""
    cleaned_values: dict[str, object] = {}
    properties: dict[str, JSON] = {}
    for key, value in values.items():
        if value is None or key == "contents":
            continue
        rule = FIELDS.get(key)
        cleaned = rule(value) if rule else _property(key, value)
        if type(cleaned) is Reason:
            missing.append(left_out(key, cleaned))
        elif rule:
            cleaned_values[key] = cleaned
        else:
            properties[key] = cast("JSON", cleaned)
    if "value" in cleaned_values:
        _take_currency(values["value"], cleaned_values, missing)
    if properties:
        cleaned_values["properties"] = properties
    return cleaned_values


def _property(key: object, value: object) -> JSON | Reason:
    if not isinstance(key, str) or not _PROPERTY_NAME(key):
        return Reason.MALFORMED
    if key in RESERVED:
        return Reason.RESERVED
    # A flag such as has_email is not contact data.
    return Reason.PERSONAL if not isinstance(value, bool) and names_contact_data(key) else clean.property_value(value)


def _take_currency(money: object, cleaned_values: dict[str, object], missing: list[LeftOut]) -> None:
    """Prefer the currency of a money object, which belongs to its amount."""
    own = getattr(money, "currency", None)
    if own is None:
        return
    code = clean.currency_code(own)
    if isinstance(code, Reason):
        missing.append(left_out("currency", code))
        return
    if cleaned_values.get("currency", code) != code:
        missing.append(left_out("currency", Reason.CURRENCY_CONFLICT))
    cleaned_values["currency"] = code
