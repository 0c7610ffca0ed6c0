"""The shopkeeper's side."""

from __future__ import annotations

import pytest
from django.test import Client

from example_project.shop.factories import OrderFactory, OrderLineFactory, ProductFactory
from example_project.shop.models import Enquiry, Order

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", ["product", "order", "enquiry"])
def test_everything_the_shop_stores_is_listed(admin_client: Client, model: str) -> None:
    OrderLineFactory.create()
    Enquiry.objects.create(name="Grete", email="grete@example.com", message="Is there honey?")

    answer = admin_client.get(f"/admin/shop/{model}/")

    assert answer.status_code == 200
    assert "1 " in answer.text


def test_an_order_is_shown_with_its_lines(admin_client: Client) -> None:
    line = OrderLineFactory.create(product__name="Linden honey")

    answer = admin_client.get(f"/admin/shop/order/{line.order.pk}/change/")

    assert "Linden honey" in answer.text


def test_orders_are_not_made_up_in_the_admin(admin_client: Client) -> None:
    assert admin_client.get("/admin/shop/order/add/").status_code == 403
    assert admin_client.get("/admin/shop/product/add/").status_code == 200


def test_a_bank_transfer_that_arrived_settles_the_waiting_orders_only(admin_client: Client) -> None:
    waiting = OrderFactory.create()
    cancelled = OrderFactory.create(status=Order.Status.CANCELLED)
    chosen = {"action": "mark_paid", "_selected_action": [waiting.pk, cancelled.pk]}

    answer = admin_client.post("/admin/shop/order/", chosen, follow=True)

    assert "1 marked as paid." in answer.text
    assert {order.status for order in Order.objects.all()} == {Order.Status.PAID, Order.Status.CANCELLED}


def test_a_products_colour_must_be_a_colour(admin_client: Client) -> None:
    product = ProductFactory.create()
    values = {"sku": "X-1", "slug": "x-1", "name": "X", "description": "X", "price": "1.00", "motif": "jar"}

    answer = admin_client.post(f"/admin/shop/product/{product.pk}/change/", values | {"colour": "red;}"})

    assert "errorlist" in answer.text
