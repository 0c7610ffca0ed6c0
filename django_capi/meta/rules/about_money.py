"""Rules for `custom_data`: value, currency, contents and keys that belong elsewhere. As of 2026-11-22."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any, Final

from django_capi.meta.events.currencies import CURRENCIES
from django_capi.meta.events.names import PURCHASE, CustomerSegmentation, DeliveryCategory
from django_capi.meta.rules.problem import Parts, Rule, Severity, is_one_of
from django_capi.meta.translatable import gettext_noop as _

LONGEST_ORDER_ID: Final = 100
AMOUNTS: Final = ("value", "predicted_ltv", "net_revenue")
_THREE_LETTERS = re.compile(r"[A-Za-z]{3}").fullmatch
_CATEGORIES: Final = frozenset(DeliveryCategory)
_SEGMENTS: Final = frozenset(CustomerSegmentation)


def _is_purchase(parts: Parts) -> bool:
    return parts.event.get("event_name") == PURCHASE


def _has(key: str, parts: Parts) -> bool:
    return parts.custom.get(key) not in (None, "")


def _as_number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        amount = float(value)
    except (ValueError, OverflowError):
        return None
    return amount if isfinite(amount) else None


def _is_number(value: object) -> bool:
    return _as_number(value) is not None


def _not_a_number(parts: Parts) -> bool:
    return any(_has(key, parts) and not _is_number(parts.custom[key]) for key in AMOUNTS)


def _number_as_text(parts: Parts) -> bool:
    return isinstance(parts.custom.get("value"), str) and _is_number(parts.custom["value"])


def _negative(parts: Parts) -> bool:
    value = _as_number(parts.custom.get("value"))
    return value is not None and value < 0


def _bad_currency(parts: Parts) -> bool:
    currency = parts.custom.get("currency")
    return isinstance(currency, str) and bool(_THREE_LETTERS(currency)) and currency.upper() not in CURRENCIES


def _not_three_letters(parts: Parts) -> bool:
    currency = parts.custom.get("currency")
    return currency not in (None, "") and not (isinstance(currency, str) and _THREE_LETTERS(currency))


def _lines(parts: Parts) -> list[Any]:
    contents = parts.custom.get("contents")
    return contents if isinstance(contents, list) else []


def _bad_contents(parts: Parts) -> bool:
    contents = parts.custom.get("contents")
    return contents is not None and not (isinstance(contents, list) and all(isinstance(one, dict) for one in contents))


def _line_without_id(parts: Parts) -> bool:
    return any(isinstance(line, dict) and line.get("id") in (None, "") for line in _lines(parts))


def _line_without_quantity(parts: Parts) -> bool:
    return any(isinstance(line, dict) and not _is_number(line.get("quantity")) for line in _lines(parts))


def _price_without_currency(parts: Parts) -> bool:
    priced = any(isinstance(line, dict) and line.get("item_price") is not None for line in _lines(parts))
    return priced and not _has("currency", parts) and not _has("value", parts)


def _bad_content_ids(parts: Parts) -> bool:
    ids = parts.custom.get("content_ids")
    return ids is not None and not (isinstance(ids, list) and all(isinstance(one, str | int) for one in ids))


def _bad_num_items(parts: Parts) -> bool:
    return _has("num_items", parts) and type(parts.custom["num_items"]) is not int


def _outside(key: str, closed: frozenset[Any], parts: Parts) -> bool:
    return _has(key, parts) and not is_one_of(closed, parts.custom[key])


def _long_order_id(parts: Parts) -> bool:
    return len(str(parts.custom.get("order_id") or "")) > LONGEST_ORDER_ID


_REFUSED, _WARNED = Severity.REFUSED, Severity.WARNED

MONEY_RULES: Final = (
    Rule("purchase_value", "custom_data.value", _REFUSED, 2804009,
         lambda parts: _is_purchase(parts) and not _has("value", parts),
         _("A Purchase needs a value; send what was paid."),
         "Standard Parameters; captured answer"),
    Rule("purchase_currency", "custom_data.currency", _REFUSED, 2804010,
         lambda parts: _is_purchase(parts) and not _has("currency", parts),
         _("A Purchase needs the currency in which it was paid; there is no default."),
         "Standard Parameters; captured answer"),
    Rule("value_currency", "custom_data.currency", _REFUSED, 2804023,
         lambda parts: not _is_purchase(parts) and _has("value", parts) and not _has("currency", parts),
         _("A value needs its currency."), "captured answer"),
    Rule("value_number", "custom_data.value", _REFUSED, None, _not_a_number,
         _("Send amounts as JSON numbers."), "Standard Parameters"),
    Rule("value_as_number", "custom_data.value", _WARNED, None, _number_as_text,
         _("Send the value as a JSON number, not as a string."), "Standard Parameters"),
    Rule("value_negative", "custom_data.value", _WARNED, None, _negative,
         _("A conversion is worth nothing or more; refunds are not sent as negative purchases."), "ours"),
    Rule("currency_value", "custom_data.value", _WARNED, None,
         lambda parts: not _is_purchase(parts) and _has("currency", parts) and not _has("value", parts)
         and not any(isinstance(line, dict) and line.get("item_price") is not None for line in _lines(parts)),
         _("A currency without a value says nothing."), "diagnostic s2s_missing_value_for_currency"),
    Rule("currency_form", "custom_data.currency", _REFUSED, None, _not_three_letters,
         _("Send a currency as its three letters."), "Standard Parameters"),
    Rule("currency_known", "custom_data.currency", _WARNED, None, _bad_currency,
         _("Send a code of ISO 4217."), "diagnostic Send valid currencies"),
    Rule("contents_form", "custom_data.contents", _REFUSED, None, _bad_contents,
         _("Send contents as a list of objects."), "Standard Parameters"),
    Rule("contents_id", "custom_data.contents", _REFUSED, None, _line_without_id,
         _("Each entry of contents needs an id."), "Standard Parameters; seen in the field since 2026-04"),
    Rule("contents_quantity", "custom_data.contents", _REFUSED, None, _line_without_quantity,
         _("Each entry of contents needs a quantity."), "Standard Parameters"),
    Rule("item_price_currency", "custom_data.currency", _WARNED, None, _price_without_currency,
         _("Prices of items need a currency."), "diagnostic s2s_item_price_without_currency"),
    Rule("content_ids_form", "custom_data.content_ids", _REFUSED, None, _bad_content_ids,
         _("Send content_ids as a list of strings."), "Standard Parameters"),
    Rule("num_items_form", "custom_data.num_items", _REFUSED, None, _bad_num_items,
         _("Send num_items as a whole number."), "Standard Parameters"),
    Rule("delivery_category_known", "custom_data.delivery_category", _WARNED, None,
         lambda parts: _outside("delivery_category", _CATEGORIES, parts),
         _("Send in_store, curbside or home_delivery."), "Standard Parameters"),
    Rule("customer_segmentation_known", "custom_data.customer_segmentation", _WARNED, None,
         lambda parts: _outside("customer_segmentation", _SEGMENTS, parts),
         _("Send one of Meta's nine segments."), "diagnostic invalid_customer_segmentation"),
    Rule("order_id_length", "custom_data.order_id", _WARNED, None, _long_order_id,
         _("Keep order_id within 100 characters."), "diagnostic s2s_invalid_order_id_length; length ours"),
    Rule("no_event_id_in_custom_data", "custom_data.event_id", _WARNED, None, lambda parts: "event_id" in parts.custom,
         _("event_id belongs beside event_name."), "diagnostic s2s_event_id_in_custom_data"),
    Rule("no_external_id_in_custom_data", "custom_data.external_id", _WARNED, None,
         lambda parts: "external_id" in parts.custom,
         _("external_id belongs in user_data."), "diagnostic s2s_extern_id_in_custom_data"),
)  # fmt: skip
