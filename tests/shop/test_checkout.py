"""From a filled cart to an order that waits for the bank."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.test import Client

from example_project.shop.cart import Cart, CartLine
from example_project.shop.factories import CustomerFactory, OrderFactory, OrderLineFactory, ProductFactory
from example_project.shop.models import Order, OrderLine
from example_project.shop.orders import place_order

pytestmark = pytest.mark.django_db

DETAILS = {
    "first_name": "Grete",
    "last_name": "Muster",
    "email": "grete@example.com",
    "phone": "+49 30 23125 042",
    "street": "Musterstraße 1",
    "postcode": "10115",
    "city": "Berlin",
    "country": "DE",
}


def fill_cart(client: Client) -> None:
    honey = ProductFactory.create(name="Linden honey", price=Decimal("8.50"))
    client.post(f"/cart/add/{honey.sku}/", {"quantity": 3})


def test_a_guest_orders_and_is_sent_to_the_bank(client: Client) -> None:
    fill_cart(client)

    answer = client.post("/checkout/", DETAILS)

    order = Order.objects.get()
    assert answer.status_code == 302
    assert (order.status, order.total, order.currency) == (Order.Status.PENDING, Decimal("25.50"), "EUR")
    assert order.customer is None
    assert [(line.quantity, line.unit_price) for line in order.lines.all()] == [(3, Decimal("8.50"))]
    assert Cart(client.session).count == 0


def test_the_bank_learns_what_to_ask_for_and_where_to_answer(client: Client) -> None:
    fill_cart(client)

    answer = client.post("/checkout/", DETAILS)

    address = urlsplit(answer.headers["Location"])
    reference = Order.objects.get().reference
    assert address.path == "/bank/pay"
    assert parse_qs(address.query) == {
        "order": [str(reference)],
        "amount": ["25.50"],
        "currency": ["EUR"],
        "return": [f"http://testserver/thanks/{reference}/"],
        "webhook": ["http://testserver/bank/webhook/"],
    }


def test_a_customers_order_is_theirs(client: Client) -> None:
    customer = CustomerFactory.create()
    client.force_login(customer)
    fill_cart(client)

    client.post("/checkout/", DETAILS)

    assert Order.objects.get().customer == customer


def test_a_customer_need_not_type_their_name(client: Client) -> None:
    customer: User = CustomerFactory.create(first_name="Anselm")
    client.force_login(customer)
    fill_cart(client)

    answer = client.get("/checkout/")

    assert 'value="Anselm"' in answer.text
    assert f'value="{customer.email}"' in answer.text


def test_an_empty_cart_cannot_be_checked_out(client: Client) -> None:
    answer = client.post("/checkout/", DETAILS, follow=True)

    assert answer.redirect_chain == [("/cart/", 302)]
    assert "Put something into your cart first" in answer.text
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not an address"),
        ("email", ""),
        ("last_name", "   "),
        ("country", "XX"),
        ("postcode", "1" * 13),
        ("city", "Ber\x00lin"),
        ("phone", "1" * 31),
    ],
)
def test_a_detail_that_cannot_be_stops_the_order(client: Client, field: str, value: str) -> None:
    fill_cart(client)

    answer = client.post("/checkout/", DETAILS | {field: value})

    assert answer.status_code == 200
    assert "errorlist" in answer.text
    assert not Order.objects.exists()
    assert Cart(client.session).count == 3


def test_a_visitor_cannot_choose_the_price_or_the_status(client: Client) -> None:
    fill_cart(client)

    client.post("/checkout/", DETAILS | {"total": "0.01", "status": "paid", "currency": "USD"})

    order = Order.objects.get()
    assert (order.status, order.total, order.currency) == (Order.Status.PENDING, Decimal("25.50"), "EUR")


def test_an_order_keeps_its_price_when_the_product_gets_dearer() -> None:
    line = OrderLineFactory.create(product__price=Decimal("8.50"), quantity=2)

    line.product.price = Decimal("9.90")
    line.product.save()

    assert OrderLine.objects.get().total == Decimal("17.00")


@pytest.mark.django_db(transaction=True)
def test_an_order_whose_lines_cannot_be_stored_is_not_stored_either() -> None:
    gone = ProductFactory.create()
    twice = [CartLine(product=gone, quantity=1), CartLine(product=gone, quantity=2)]

    with pytest.raises(DatabaseError):
        place_order(OrderFactory.build(), lines=twice, customer=None)

    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Order.Status.PENDING, "We are waiting for the bank"),
        (Order.Status.PAID, "Thank you, Grete!"),
        (Order.Status.CANCELLED, "This order was cancelled"),
    ],
)
def test_the_thank_you_page_says_how_it_stands(client: Client, status: Order.Status, words: str) -> None:
    order = OrderFactory.create(status=status, first_name="Grete")

    answer = client.get(order.get_absolute_url())

    assert words in answer.text


def test_an_unpaid_order_can_still_be_paid(client: Client) -> None:
    order = OrderFactory.create()

    answer = client.get(order.get_absolute_url())

    assert f"/bank/pay?order={order.reference}" in answer.text


def test_the_thank_you_page_shows_no_address(client: Client) -> None:
    order = OrderFactory.create(**DETAILS)

    answer = client.get(order.get_absolute_url())

    for field in ("last_name", "email", "phone", "street", "postcode"):
        assert DETAILS[field] not in answer.text


def test_somebody_elses_order_cannot_be_found_by_counting(client: Client) -> None:
    order = OrderFactory.create()

    assert client.get(f"/thanks/{order.pk}/").status_code == 404
    assert client.get("/thanks/00000000-0000-4000-8000-000000000000/").status_code == 404
