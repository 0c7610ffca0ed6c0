"""The first receipt says which value and currency the browser's copy had, and changes nothing of the server's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_capi.models import BrowserState, Event
from tests.collector.posting import MINTED, mirrored, post, receipt, refused
from tests.support.factories import EventFactory

pytestmark = pytest.mark.django_db

EUROS = {"value": Decimal(20), "currency": "EUR"}


def of_browser(event_id: str) -> tuple[Decimal | None, str | None]:
    event = Event.objects.get(event_id=event_id)
    return event.browser_value, event.browser_currency


@pytest.mark.parametrize(
    ("custom_data", "found"),
    [
        pytest.param({"value": 19.9, "currency": "EUR"}, (Decimal("19.9"), "EUR"), id="both"),
        pytest.param({"value": "19.90", "currency": "eur"}, (Decimal("19.9"), "EUR"), id="as strings"),
        pytest.param({"value": 0, "currency": "EUR"}, (Decimal(0), "EUR"), id="nothing to pay"),
        pytest.param({"value": -5}, (Decimal(-5), None), id="no currency"),
        pytest.param({"currency": "EUR"}, (None, "EUR"), id="no value"),
        pytest.param({"value": 0.123456}, (Decimal("0.1235"), None), id="rounded to the column"),
        pytest.param({"value": 999999999999}, (Decimal(999999999999), None), id="the largest"),
        pytest.param({"value": 10**12, "currency": "EUR"}, (None, "EUR"), id="too large for the column"),
        pytest.param({"value": 1e300, "currency": "EUR"}, (None, "EUR"), id="much too large"),
        pytest.param({"value": "9" * 4000, "currency": "EUR"}, (None, "EUR"), id="a long string"),
        pytest.param({"value": float("nan"), "currency": "EUR"}, (None, "EUR"), id="not a number"),
        pytest.param({"value": float("inf"), "currency": "EUR"}, (None, "EUR"), id="infinite"),
        pytest.param({"value": True, "currency": "EUR"}, (None, "EUR"), id="a truth value"),
        pytest.param({"value": "19,90", "currency": "EUR"}, (None, "EUR"), id="a comma"),
        pytest.param({"value": " 19 ", "currency": "EUR"}, (None, "EUR"), id="spaces"),
        pytest.param({"value": "١٩", "currency": "EUR"}, (None, "EUR"), id="other digits"),
        pytest.param({"value": [20], "currency": "EUR"}, (None, "EUR"), id="a list"),
        pytest.param({"value": {"x": 20}, "currency": "EUR"}, (None, "EUR"), id="an object"),
        pytest.param({"value": 20, "currency": "EURO"}, (Decimal(20), None), id="four letters"),
        pytest.param({"value": 20, "currency": "E1R"}, (Decimal(20), None), id="a digit"),
        pytest.param({"value": 20, "currency": "ıdr"}, (Decimal(20), None), id="another script"),
        pytest.param({"value": 20, "currency": ["EUR"]}, (Decimal(20), None), id="currencies"),
        pytest.param({}, (None, None), id="neither"),
        pytest.param("value", (None, None), id="no object"),
        pytest.param(None, (None, None), id="null"),
    ],
)
def test_a_receipt_counts_whatever_its_value_is(visitor: Client, custom_data: Any, found: tuple[Any, Any]) -> None:
    event = EventFactory(accepted=True, **EUROS)

    answer = post(visitor, receipt("Purchase", event.event_id, custom_data=custom_data))

    assert refused(answer) == {}
    event.refresh_from_db()
    assert (event.browser_state, event.browser_count) == (BrowserState.FIRED, 1)
    assert (event.browser_value, event.browser_currency) == found
    assert (event.value, event.currency) == (Decimal(20), "EUR")


def test_the_first_receipt_counts(visitor: Client) -> None:
    event = EventFactory(accepted=True)

    for value, state in ((20, "blocked"), (21, "fired"), (22, "fired")):
        custom_data = {"value": value, "currency": "EUR"}
        post(visitor, receipt("Purchase", event.event_id, state=state, custom_data=custom_data))

    assert of_browser(event.event_id) == (Decimal(20), "EUR")


def test_a_later_receipt_does_not_fill_in_what_the_first_one_lacked(visitor: Client) -> None:
    event = EventFactory(accepted=True)

    post(visitor, receipt("Purchase", event.event_id))
    post(visitor, receipt("Purchase", event.event_id, custom_data={"value": 1, "currency": "EUR"}))

    assert of_browser(event.event_id) == (None, None)


def test_each_event_of_a_report_gets_its_own(visitor: Client) -> None:
    view, cart, purchase, lead = (EventFactory(event_name=name) for name in ("PageView", "Cart", "Purchase", "Lead"))

    with CaptureQueriesContext(connection) as asked:
        post(
            visitor,
            receipt("PageView", view.event_id),
            receipt("Cart", cart.event_id, custom_data={"value": 5}),
            receipt("Purchase", purchase.event_id, custom_data={"value": 19.9, "currency": "EUR"}),
            receipt("Lead", lead.event_id, state="blocked", custom_data={"value": 3, "currency": "USD"}),
        )

    updates = [query["sql"] for query in asked if query["sql"].lstrip().startswith("UPDATE")]
    assert len(updates) == 2  # one for each state
    assert of_browser(view.event_id) == (None, None)
    assert of_browser(cart.event_id) == (Decimal(5), None)
    assert of_browser(purchase.event_id) == (Decimal("19.9"), "EUR")
    assert of_browser(lead.event_id) == (Decimal(3), "USD")


def test_a_receipt_without_a_value_writes_no_value(visitor: Client) -> None:
    event = EventFactory(event_name="PageView")

    with CaptureQueriesContext(connection) as asked:
        post(visitor, receipt("PageView", event.event_id))

    assert not [query["sql"] for query in asked if "UPDATE" in query["sql"] and "browser_value" in query["sql"]]


def test_a_mirrored_event_has_one_value_only(visitor: Client) -> None:
    post(visitor, mirrored("AddToCart", custom_data={"value": 5, "currency": "EUR"}))

    event = Event.objects.get(event_id=MINTED)
    assert (event.value, event.currency) == (Decimal(5), "EUR")
    assert of_browser(MINTED) == (None, None)
