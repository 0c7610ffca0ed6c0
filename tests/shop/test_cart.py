"""What goes into the cart and comes out of it, by HTMX and without."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from example_project.shop.cart import MOST, Cart, total_of
from example_project.shop.factories import ProductFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def test_a_cart_adds_up() -> None:
    oil = ProductFactory.create(price=Decimal("11.90"))
    honey = ProductFactory.create(price=Decimal("8.50"))
    cart = Cart({})

    cart.add(oil, quantity=2)
    cart.add(honey, quantity=1)
    cart.add(oil, quantity=1)

    assert cart.count == 4
    assert [(line.product, line.quantity) for line in cart.lines] == [(oil, 3), (honey, 1)]
    assert total_of(cart.lines) == Decimal("44.20")


def test_a_product_that_is_no_longer_sold_leaves_the_cart() -> None:
    product = ProductFactory.create()
    cart = Cart({})
    cart.add(product, quantity=1)

    product.delete()

    assert cart.lines == []


def test_a_full_cart_says_how_many_really_went_in() -> None:
    product = ProductFactory.create()
    cart = Cart({})
    cart.add(product, quantity=MOST - 1)

    added = cart.add(product, quantity=5)

    assert (added, cart.count) == (1, MOST)


def test_nothing_of_a_product_takes_it_out() -> None:
    product = ProductFactory.create()
    cart = Cart({})
    cart.add(product, quantity=3)

    cart.change(product, quantity=0)

    assert cart.lines == []


def test_htmx_gets_only_the_badge_and_the_notice(client: Client) -> None:
    product = ProductFactory.create(name="Rye & spelt")

    answer = client.post(f"/cart/add/{product.sku}/", {"quantity": 2}, headers=HTMX)

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'id="cart-badge"' in answer.text
    assert "Added 2 × Rye &amp; spelt." in answer.text


def test_without_htmx_the_button_leads_to_the_cart(client: Client) -> None:
    product = ProductFactory.create()

    answer = client.post(f"/cart/add/{product.sku}/", {"quantity": 1}, follow=True)

    assert answer.redirect_chain == [("/cart/", 302)]
    assert product.name in answer.text


@pytest.mark.parametrize("quantity", ["0", "-1", "21", "two", "", "1e3", "9" * 5000, "\x00"])
def test_a_quantity_nobody_sells_changes_nothing(client: Client, quantity: str) -> None:
    product = ProductFactory.create()

    answer = client.post(f"/cart/add/{product.sku}/", {"quantity": quantity}, headers=HTMX)

    assert answer.status_code == 422
    assert Cart(client.session).count == 0


def test_a_quantity_nobody_sells_is_explained_without_htmx_too(client: Client) -> None:
    product = ProductFactory.create()

    answer = client.post(f"/cart/add/{product.sku}/", {"quantity": "0"}, follow=True)

    assert "between 1 and 20" in answer.text


def test_a_product_that_does_not_exist_is_not_found(client: Client) -> None:
    answer = client.post("/cart/add/CS-999/", {"quantity": 1})

    assert answer.status_code == 404


def test_looking_at_the_address_of_a_button_adds_nothing(client: Client) -> None:
    product = ProductFactory.create()

    answer = client.get(f"/cart/add/{product.sku}/")

    assert answer.status_code == 405


def test_a_quantity_can_be_changed_in_the_cart(client: Client) -> None:
    product = ProductFactory.create()
    client.post(f"/cart/add/{product.sku}/", {"quantity": 1})

    client.post(f"/cart/change/{product.sku}/", {"quantity": 4})

    assert Cart(client.session).count == 4


def test_a_change_to_junk_is_explained_and_changes_nothing(client: Client) -> None:
    product = ProductFactory.create()
    client.post(f"/cart/add/{product.sku}/", {"quantity": 2})

    answer = client.post(f"/cart/change/{product.sku}/", {"quantity": "lots"}, follow=True)

    assert "between 1 and 20" in answer.text
    assert Cart(client.session).count == 2


def test_an_empty_cart_says_so(client: Client) -> None:
    answer = client.get("/cart/")

    assert "Nothing in it yet" in answer.text
    assert "/checkout/" not in answer.text
