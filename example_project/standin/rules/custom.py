"""In: the facts of one event. Out: the rules on custom_data: money, contents and the standard keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from example_project.standin.rules.currencies import CURRENCIES
from example_project.standin.rules.event import CUSTOMER_SEGMENTS
from example_project.standin.rules.table import (
    Facts,
    Rule,
    Test,
    either,
    is_flag,
    is_number,
    is_object,
    is_short_text,
    is_whole,
    list_of,
    misfits,
    one_of,
)

_is_delivery = one_of("in_store", "curbside", "home_delivery")
_is_content_id = either(is_short_text, is_whole)


def is_currency(value: object) -> bool:
    return isinstance(value, str) and value.upper() in CURRENCIES


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_quantity(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


STANDARD: Mapping[str, Test] = {
    "value": is_number,
    "currency": is_currency,
    "predicted_ltv": is_number,
    "net_revenue": is_number,
    "num_items": is_whole,
    "content_ids": list_of(_is_content_id),
    "contents": list_of(is_object),
    "content_type": is_short_text,
    "content_name": _is_text,
    "content_category": _is_text,
    "search_string": _is_text,
    "order_id": is_short_text,
    "item_number": is_short_text,
    "status": either(is_flag, _is_text),
    "delivery_category": _is_delivery,
    "customer_segmentation": one_of(*CUSTOMER_SEGMENTS),
}
CONTENT: Mapping[str, Test] = {
    "id": _is_content_id,
    "quantity": _is_quantity,
    "item_price": is_number,
    "price": is_number,
    "delivery_category": _is_delivery,
}


def _malformed(facts: Facts) -> Iterable[str]:
    return misfits(facts.custom_data, STANDARD)


def _purchase_without(key: str, facts: Facts) -> Iterable[str]:
    if facts.event_name == "Purchase" and key not in facts.custom_data:
        yield key


def _value_alone(facts: Facts) -> Iterable[str]:
    if "value" in facts.custom_data and "currency" not in facts.custom_data:
        yield "currency"


def _contents(facts: Facts) -> list[dict[str, object]]:
    contents = facts.custom_data.get("contents")
    return contents if isinstance(contents, list) else []


def _content_incomplete(facts: Facts) -> Iterable[str]:
    return (f"contents.{key}" for item in _contents(facts) for key in ("id", "quantity") if item.get(key) is None)


def _content_malformed(facts: Facts) -> Iterable[str]:
    return (f"contents.{key}" for item in _contents(facts) for key in misfits(item, CONTENT))


CUSTOM_RULES = (
    Rule(
        name="purchase_without_value",
        says="A Purchase needs a value.",
        faulty=lambda facts: _purchase_without("value", facts),
        subcode=2804009,
    ),
    Rule(
        name="purchase_without_currency",
        says="A Purchase needs a currency.",
        faulty=lambda facts: _purchase_without("currency", facts),
        subcode=2804010,
    ),
    Rule(name="value_without_currency", says="A value needs a currency.", faulty=_value_alone, subcode=2804023),
    Rule(name="custom_malformed", says="A field of custom_data has the wrong type or form.", faulty=_malformed),
    Rule(name="content_incomplete", says="Each of contents needs id and quantity.", faulty=_content_incomplete),
    Rule(name="content_malformed", says="A field of contents has the wrong type or form.", faulty=_content_malformed),
)
