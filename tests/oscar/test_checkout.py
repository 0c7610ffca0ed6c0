"""Oscar's checkout in Chromium: one Purchase in both copies, with the contents and the value of the order."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from oscar.core.loading import get_model
from oscar.test.factories import create_voucher
from pytest_django.live_server_helper import LiveServer

from django_capi.models import BrowserState, Event, Status
from example_project.standin import Running
from tests.oscar import samples
from tests.oscar.customer import visiting

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore"),  # Oscar's and its dependencies' own
    pytest.mark.filterwarnings("error:::django_capi"),
]


@pytest.fixture
def shop(live_server: LiveServer) -> str:
    samples.open_shop()
    return str(live_server)


def paths() -> list[str]:
    """The pages of the products to buy."""
    return [product.get_absolute_url() for product in samples.products(samples.BASKET)]


def server_copies(meta: Running) -> list[dict[str, Any]]:
    """The Purchases that Meta has from the server, once the due events are delivered."""
    call_command("capi_deliver")
    return [json.loads(each.event) for each in meta.state.seen.server_events() if each.event_name == "Purchase"]


def browser_copies(meta: Running) -> list[dict[str, Any]]:
    found = [each for each in meta.state.seen.browser_events() if each.event_name == "Purchase"]
    return [{"event_id": each.event_id, "custom_data": each.custom_data} for each in found]


def of_the_order(**values: object) -> dict[str, object]:
    """The custom data of the one order."""
    order = get_model("order", "Order").objects.get()
    fixed = {"currency": "GBP", "content_type": "product", "contents": samples.CONTENTS}
    return {**fixed, "order_id": order.number, **values}


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("is_atomic", [False, True], ids=["autocommit", "atomic-requests"])
def test_a_guest_s_order_is_one_purchase_in_both_copies(
    shop: str, meta: Running, monkeypatch: pytest.MonkeyPatch, is_atomic: bool
) -> None:
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", is_atomic)
    to_buy = paths()

    with visiting(shop, meta) as customer:
        customer.fill_basket(to_buy)
        customer.give_email()
        customer.check_out()

    (server,), (browser,) = server_copies(meta), browser_copies(meta)
    assert server["event_id"] == browser["event_id"]
    assert server["custom_data"] == of_the_order(value=18.25, num_items=3)
    assert browser["custom_data"] == of_the_order(value="18.25", num_items="3")
    assert server["user_data"]["em"] == hashed(samples.EMAIL)
    assert server["user_data"]["ph"] == hashed("442079460018")
    stored = Event.objects.get(event_name="Purchase")
    assert (stored.status, stored.browser_state) == (Status.ACCEPTED, BrowserState.FIRED)


def test_a_signed_in_customer_s_purchase_has_the_value_after_the_voucher(shop: str, meta: Running) -> None:
    user = samples.sign_up()
    create_voucher(code="SPRING")  # 20 % off
    to_buy = paths()

    with visiting(shop, meta) as customer:
        customer.sign_in()
        customer.fill_basket(to_buy)
        customer.redeem("SPRING")
        customer.check_out()

    (server,), (browser,) = server_copies(meta), browser_copies(meta)
    assert server["event_id"] == browser["event_id"]
    assert server["custom_data"] == of_the_order(value=14.6, num_items=3)
    assert browser["custom_data"] == of_the_order(value="14.6", num_items="3")
    assert server["user_data"]["em"] == hashed(samples.EMAIL)
    assert server["user_data"]["external_id"] == hashed(str(user.pk))


def test_the_thank_you_page_opened_again_fires_nothing(shop: str, meta: Running) -> None:
    to_buy = paths()

    with visiting(shop, meta) as customer:
        customer.fill_basket(to_buy)
        customer.give_email()
        customer.check_out()
        customer.open_thank_you_page_again()

    assert (len(server_copies(meta)), len(browser_copies(meta))) == (1, 1)


def test_the_steps_before_the_order_are_paired_too(shop: str, meta: Running) -> None:
    to_buy = paths()

    with visiting(shop, meta) as customer:
        customer.fill_basket(to_buy)
        customer.give_email()
        customer.wait_for_browser_event("InitiateCheckout")

    call_command("capi_deliver")
    server = [(each.event_name, each.event_id) for each in meta.state.seen.server_events()]
    browser = [(each.event_name, each.event_id) for each in meta.state.seen.browser_events()]
    counts = Counter(name for name, _ in browser)
    assert (counts["ViewContent"], counts["AddToCart"], counts["InitiateCheckout"]) == (6, 3, 1)
    assert set(server) >= set(browser)
