"""The same chance makes the same people, and nobody among them can be written to or rung."""

from __future__ import annotations

import pytest

from example_project.shop.factories import CustomerFactory, OrderFactory, reseed

pytestmark = pytest.mark.django_db


def test_the_same_seed_makes_the_same_orders() -> None:
    reseed()
    first = [(order.last_name, order.city, order.postcode) for order in OrderFactory.create_batch(5)]
    reseed()
    second = [(order.last_name, order.city, order.postcode) for order in OrderFactory.create_batch(5)]

    assert first == second


def test_nobody_can_be_reached() -> None:
    orders = OrderFactory.create_batch(5)

    assert all(order.email.endswith("@example.com") for order in orders)
    assert all(order.phone.startswith("+49 30 23125 ") for order in orders)


def test_a_customers_order_carries_the_customers_name() -> None:
    order = OrderFactory.create(with_account=True)

    customer = order.customer
    assert customer is not None
    assert (customer.email, customer.last_name) == (order.email, order.last_name)


def test_a_made_up_customer_can_log_in() -> None:
    customer = CustomerFactory.create()

    assert customer.check_password("corner-shop")
