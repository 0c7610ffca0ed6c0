"""What the ledger holds after a visitor has been here: the shop says everything it means to, once."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from django_capi.models import Event
from example_project.shop.factories import ProductFactory
from example_project.shop.models import Order, Product
from example_project.shop.privacy import CONSENT_COOKIE
from tests.shop.bank import notify
from tests.shop.test_checkout import DETAILS
from tests.shop.test_people import REGISTRATION

pytestmark = pytest.mark.django_db(transaction=True)

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def visitor() -> Client:
    """A browser whose owner has accepted."""
    client = Client(headers={"User-Agent": AGENT})
    client.cookies[CONSENT_COOKIE] = "yes"
    return client


@pytest.fixture
def honey() -> Product:
    return ProductFactory.create(sku="CS-201", name="Linden honey", slug="linden-honey", price=Decimal("8.50"))


def names() -> list[str]:
    return list(Event.objects.order_by("id").values_list("event_name", flat=True))


def payload(event_name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Event.objects.get(event_name=event_name).payload)
    return found


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", ["PageView"]),
        ("/search/?q=honey", ["PageView", "Search"]),
        ("/search/", ["PageView"]),
        ("/products/linden-honey/", ["PageView", "ViewContent"]),
        ("/cart/", ["PageView"]),
        ("/about/", []),
        ("/visitor/", []),
        ("/products/unicorn/", []),
    ],
)
def test_a_page_says_what_happened_on_it(visitor: Client, honey: Product, path: str, expected: list[str]) -> None:
    visitor.get(path)

    assert names() == expected


@pytest.mark.parametrize("choice", ["no", None], ids=["declined", "unanswered"])
def test_without_consent_nothing_is_noted(visitor: Client, honey: Product, choice: str | None) -> None:
    del visitor.cookies[CONSENT_COOKIE]
    if choice:
        visitor.cookies[CONSENT_COOKIE] = choice

    visitor.get("/products/linden-honey/")
    visitor.post("/cart/add/CS-201/", {"quantity": 1})
    visitor.post("/checkout/", DETAILS)
    notify(Client(), {"order": str(Order.objects.get().reference), "status": "paid"})

    assert names() == []


def test_a_product_page_says_which_product(visitor: Client, honey: Product) -> None:
    visitor.get("/products/linden-honey/")

    assert payload("ViewContent")["custom_data"] == {
        "content_ids": ["CS-201"],
        "content_name": "Linden honey",
        "content_type": "product",
        "currency": "EUR",
        "value": 8.5,
    }


def test_adding_to_the_cart_says_how_much_was_added(visitor: Client, honey: Product) -> None:
    visitor.post("/cart/add/CS-201/", {"quantity": 3}, headers={"HX-Request": "true"})

    data = payload("AddToCart")["custom_data"]
    assert data["value"] == 25.5
    assert data["contents"] == [{"id": "CS-201", "item_price": 8.5, "quantity": 3}]


def test_a_refused_quantity_is_not_an_addition(visitor: Client, honey: Product) -> None:
    visitor.post("/cart/add/CS-201/", {"quantity": 99})

    assert names() == []


def test_a_checkout_that_comes_back_with_errors_was_begun_once(visitor: Client, honey: Product) -> None:
    visitor.post("/cart/add/CS-201/", {"quantity": 1})

    visitor.get("/checkout/")
    visitor.post("/checkout/", DETAILS | {"email": "nobody"})

    assert names().count("InitiateCheckout") == 1
    assert payload("InitiateCheckout")["custom_data"]["num_items"] == 1


def test_the_banks_notice_makes_the_visitors_purchase(visitor: Client, honey: Product) -> None:
    visitor.post("/cart/add/CS-201/", {"quantity": 2})
    visitor.post("/checkout/", DETAILS)
    notice = {"order": str(Order.objects.get().reference), "status": "paid"}

    notify(Client(headers={"User-Agent": "CornerBank/1.0"}), notice)
    notify(Client(headers={"User-Agent": "CornerBank/1.0"}), notice)

    assert names().count("Purchase") == 1
    assert payload("Purchase")["user_data"]["client_user_agent"] == AGENT
    assert payload("Purchase")["custom_data"]["value"] == 17


def test_a_cancelled_payment_is_no_purchase(visitor: Client, honey: Product) -> None:
    visitor.post("/cart/add/CS-201/", {"quantity": 2})
    visitor.post("/checkout/", DETAILS)

    notify(Client(), {"order": str(Order.objects.get().reference), "status": "cancelled"})

    assert "Purchase" not in names()


def test_the_thank_you_page_hands_the_purchase_to_the_browser_once(visitor: Client, honey: Product) -> None:
    visitor.post("/cart/add/CS-201/", {"quantity": 2})
    visitor.post("/checkout/", DETAILS)
    order = Order.objects.get()
    notify(Client(), {"order": str(order.reference), "status": "paid"})
    purchase = Event.objects.get(event_name="Purchase").event_id

    first = visitor.get(order.get_absolute_url())
    second = visitor.get(order.get_absolute_url())

    assert purchase in first.text
    assert purchase not in second.text


def test_a_registration_is_completed_once_and_its_copy_reaches_the_next_page(visitor: Client) -> None:
    visitor.post("/register/", REGISTRATION | {"password2": "another"})
    answer = visitor.post("/register/", REGISTRATION, follow=True)

    registered = Event.objects.get(event_name="CompleteRegistration")
    assert registered.event_id in answer.text
    assert {"em", "fn", "ln", "external_id"} <= set(json.loads(registered.payload)["user_data"])


def test_an_enquiry_is_a_contact(visitor: Client) -> None:
    visitor.post("/contact/", {"name": "Grete", "email": "grete@example.com", "message": "Is there honey?"})

    assert "grete" not in json.dumps(payload("Contact"))
    assert "em" in payload("Contact")["user_data"]
