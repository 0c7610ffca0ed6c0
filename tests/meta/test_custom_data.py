"""`custom_data` with types beyond Meta's: quotients, querysets, and contact data under other names."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils.functional import lazystr

from django_capi.meta.events import CustomData, LeftOut, Reason, UserData
from django_capi.meta.normalize import sha256


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("value", "1e3", Reason.NOT_A_NUMBER),
        ("value", "NaN", Reason.NOT_A_NUMBER),
        ("value", Fraction(10**400), Reason.NOT_A_NUMBER),
        ("things", ({"email": "ann@example.com"},), Reason.TYPE),
        ("content_ids", '["sku-1","sku-2"]', Reason.TYPE),
        ("content_ids", ['["sku-1","sku-2"]'], Reason.TYPE),
        ("content_ids", "['sku-1']", Reason.TYPE),
        ("content_ids", "<QuerySet ['sku-1']>", Reason.TYPE),
        ("content_ids", {"sku-1": 1}, Reason.TYPE),
        ("content_ids", b"sku-1", Reason.TYPE),
        ("content_ids", count(), Reason.TOO_LONG),
        ("content_ids", [None, "None"], Reason.TYPE),
        ("content_ids", "undefined", Reason.PLACEHOLDER),
        ("order_id", "None", Reason.PLACEHOLDER),
        ("order_id", "[object Object]", Reason.PLACEHOLDER),
        ("order_id", "order-ann@example.com", Reason.PERSONAL),
        ("contents", '[{"id": "1", "quantity": 1}]', Reason.TYPE),
        ("contents", count(), Reason.TOO_LONG),
        ("telephone", "01711234567", Reason.PERSONAL),
        ("phone_number", 491711234567, Reason.PERSONAL),
        ("contactPhone", "x", Reason.PERSONAL),
        ("customer_name", "Ann Example", Reason.PERSONAL),
        ("lastname", "Example", Reason.PERSONAL),
        ("shipping_address", "1 Example Street", Reason.PERSONAL),
        ("postal_code", "94035", Reason.PERSONAL),
        ("dob", "1990-01-01", Reason.PERSONAL),
        ("ip_address", "203.0.113.9", Reason.PERSONAL),
        ("remote_addr", "203.0.113.9", Reason.PERSONAL),
        ("billing_email", "ann", Reason.PERSONAL),
        ("email_sha256", "0" * 64, Reason.PERSONAL),
        ("note", "call +49 171 1234567", Reason.PERSONAL),
        ("note", "call 0171 1234567 after five", Reason.PERSONAL),
        ("note", "(650) 555-1212", Reason.PERSONAL),
        ("note", "ann%2540example.com", Reason.PERSONAL),
        ("notes", ["+491711234567"], Reason.PERSONAL),
        ("search_string", "0171/1234567", Reason.PERSONAL),
        ("content_name", "for +49 171 1234567", Reason.PERSONAL),
    ],
)
def test_a_value_that_does_not_fit_its_key_is_left_out(key: str, value: object, reason: Reason) -> None:
    custom = CustomData.from_raw({key: value, "content_type": "product"})

    assert custom.payload() == {"content_type": "product"}
    assert custom.left_out == (LeftOut(key=key, reason=reason),)


@pytest.mark.parametrize(
    "properties",
    [
        {"coupon": "SUMMER"},
        {"product_name": "Thing", "name": "Thing"},
        {"phone_model": "X 12", "headphone": "over-ear"},
        {"city": "Paris", "country": "FR"},
        {"email_opt_in": True, "email": True},
        {"pickup": "05.06.2026 10:00", "isbn": "0-306-40615-2", "ean": "4006381333931"},
        {"size": "10-12", "rate": 0.123456789, "delta": "+5 %"},
    ],
    ids=lambda properties: next(iter(properties)),
)
def test_a_property_without_contact_data_is_sent(properties: dict[str, Any]) -> None:
    custom = CustomData.from_raw(properties)

    assert custom.payload() == properties
    assert custom.left_out == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal(100) / Decimal("1.19"), 84.03361344537815),
        (Decimal(100) / 3, 33.333333333333336),
        (Fraction(100, 3), 33.333333333333336),
        (0.1 + 0.2, 0.30000000000000004),
        ("84.03361344537815", 84.03361344537815),
        ("19.9900000000000000000", 19.99),
        ("1999.00000000000000000000", 1999),
        (Decimal(1234567890123456), 1234567890123456),
        (SimpleNamespace(amount=Decimal(100) / 3), 33.333333333333336),
    ],
)
def test_an_amount_with_many_digits_is_sent_as_the_nearest_number(value: object, expected: float) -> None:
    custom = CustomData.from_raw({"value": value, "contents": [{"id": "1", "quantity": 1, "item_price": value}]})

    assert custom.value == expected
    assert custom.payload()["contents"] == [{"id": "1", "quantity": 1, "item_price": expected}]
    assert custom.left_out == ()


class Rows:
    """Iterable, and neither list nor tuple, as a queryset is."""

    def __init__(self, *rows: object) -> None:
        self.rows = rows

    def __iter__(self) -> Iterator[object]:
        return iter(self.rows)


@pytest.mark.parametrize(
    "ids",
    [
        Rows("b", "a"),
        (one for one in "ba"),
        map(str, "ba"),
        dict.fromkeys("ba").keys(),
        {1: "b", 2: "a"}.values(),
        deque("ba"),
        ("b", "a"),
    ],
    ids=lambda ids: type(ids).__name__,
)
def test_any_iterable_is_a_list_of_ids(ids: object) -> None:
    assert CustomData.from_raw({"content_ids": ids}).payload() == {"content_ids": ["b", "a"]}


def test_any_iterable_of_mappings_is_a_basket() -> None:
    rows = [{"id": "b", "quantity": 1}, {"id": "a", "quantity": 2}]

    assert CustomData.from_raw({"contents": Rows(*rows)}).payload() == {"contents": rows}
    assert CustomData.from_raw({"contents": iter(rows)}).payload() == {"contents": rows}
    assert CustomData.from_raw({"contents": rows[0]}).payload() == {"contents": rows[:1]}


def test_any_iterable_is_a_list_of_contacts() -> None:
    addresses = ["b@example.com", "a@example.com"]

    for several in (Rows(*addresses), iter(addresses), dict.fromkeys(addresses).keys()):
        assert UserData.from_raw({"em": several}).em == tuple(map(sha256, addresses))
    assert UserData.from_raw({"em": count()}).left_out == (LeftOut(key="em", reason=Reason.TOO_LONG),)
    assert UserData.from_raw({"fbp": Rows("x")}).left_out == (LeftOut(key="fbp", reason=Reason.ONE_VALUE),)


def test_a_lazy_string_is_one_string() -> None:
    lazy = lazystr("Shoes")

    custom = CustomData.from_raw({"content_category": lazy, "content_ids": lazy, "season": lazy})

    assert custom.payload() == {"content_category": "Shoes", "content_ids": ["Shoes"], "season": "Shoes"}


@pytest.mark.parametrize("quantity", [Decimal("0.5"), "two", None, True, float("nan")], ids=repr)
def test_a_product_with_an_odd_quantity_keeps_its_id(quantity: object) -> None:
    custom = CustomData.from_raw({"contents": [{"id": "a", "quantity": quantity}, {"id": "b", "quantity": 2}]})

    assert custom.payload() == {"contents": [{"id": "b", "quantity": 2}], "content_ids": ["a", "b"]}
    assert custom.left_out[-1] == LeftOut(key="contents", reason=Reason.INCOMPLETE)


def test_the_sites_own_content_ids_are_kept() -> None:
    custom = CustomData.from_raw({"contents": [{"id": "a", "quantity": 0.5}], "content_ids": ["group"]})

    assert custom.payload() == {"content_ids": ["group"]}
