"""What the shop tells Meta about an order."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from example_project.shop.conversions import OrderPurchase
from example_project.shop.factories import OrderFactory, OrderLineFactory
from example_project.shop.models import Order


@pytest.mark.parametrize(("status", "is_purchase"), [("pending", False), ("paid", True), ("cancelled", False)])
def test_only_a_paid_order_is_a_purchase(status: str, is_purchase: bool) -> None:
    order = OrderFactory.build(status=status)

    assert OrderPurchase().happened(order) is is_purchase


def test_a_purchase_happened_when_the_money_came() -> None:
    order = OrderFactory.build(paid_at=datetime(2026, 11, 1, 12, 0, tzinfo=UTC), status=Order.Status.PAID)

    assert OrderPurchase().event_time(order) == 1_793_534_400


@pytest.mark.django_db
def test_a_purchase_says_what_was_bought() -> None:
    order = OrderFactory.create(total=Decimal("28.90"), status=Order.Status.PAID)
    OrderLineFactory.create(order=order, product__sku="CS-201", product__price=Decimal("8.50"), quantity=2)
    OrderLineFactory.create(order=order, product__sku="CS-101", product__price=Decimal("11.90"))

    data = OrderPurchase().custom_data(order)

    assert data == {
        "value": Decimal("28.90"),
        "currency": "EUR",
        "content_type": "product",
        "content_ids": ["CS-201", "CS-101"],
        "contents": [
            {"id": "CS-201", "quantity": 2, "item_price": Decimal("8.50")},
            {"id": "CS-101", "quantity": 1, "item_price": Decimal("11.90")},
        ],
        "num_items": 3,
        "order_id": str(order.reference),
    }


def test_a_guest_without_a_phone_has_no_values_for_these_keys() -> None:
    order = OrderFactory.build(phone="")

    data = OrderPurchase().user_data(order)

    assert {key for key, value in data.items() if value is not None} == {"em", "fn", "ln", "ct", "zp", "country"}


@pytest.mark.django_db
def test_a_customer_is_known_by_number() -> None:
    order = OrderFactory.create(with_account=True)

    data = OrderPurchase().user_data(order)

    assert data["external_id"] == order.customer_id
