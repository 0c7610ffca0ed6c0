"""The value of an event, in columns of its own for the admin's figures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from django_capi.conversions import Conversion
from django_capi.ledger import tallies
from django_capi.ledger.store import money
from django_capi.models import Event, Span, Tally
from tests.site.models import Line, Order
from tests.support.factories import EventFactory
from tests.support.registration import registering

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("custom_data", "value"),
    [
        pytest.param({"value": 20, "currency": "EUR"}, Decimal(20), id="whole"),
        pytest.param({"value": 19.9, "currency": "EUR"}, Decimal("19.9"), id="as a float"),
        pytest.param({"value": 1.234567, "currency": "KWD"}, Decimal("1.2346"), id="rounded to the column"),
        pytest.param({"value": 0, "currency": "EUR"}, Decimal(0), id="nothing"),
        pytest.param({"value": 20}, None, id="no currency"),
        pytest.param({"currency": "EUR"}, None, id="no value"),
        pytest.param({"value": 20, "currency": "EURO"}, None, id="no currency code"),
        pytest.param({"value": 20, "currency": ["EUR"]}, None, id="currencies"),
        pytest.param({"value": "20", "currency": "EUR"}, None, id="text"),
        pytest.param({"value": 1e30, "currency": "EUR"}, None, id="too large for the column"),
        pytest.param({"value": math.nan, "currency": "EUR"}, None, id="not a number"),
        pytest.param({"value": math.inf, "currency": "EUR"}, None, id="infinite"),
        pytest.param({}, None, id="empty"),
        pytest.param(None, None, id="absent"),
    ],
)
def test_a_value_needs_a_number_and_a_currency(custom_data: dict[str, Any] | None, value: Decimal | None) -> None:
    found = money(custom_data)

    assert found["value"] == value
    assert (found["currency"] is None) == (value is None)


def test_a_tracked_event_is_stored_with_its_value(visitor: Client) -> None:
    visitor.post("/lead/")

    event = Event.objects.get()
    assert (event.value, event.currency) == (Decimal(20), "EUR")


class WithLines(Conversion[Order]):
    def happened(self, order: Order, /) -> bool:
        return order.status == Order.PAID

    def consent(self, order: Order, /) -> bool:
        return True

    def custom_data(self, order: Order, /) -> dict[str, object]:
        return {"value": sum(line.price * line.quantity for line in order.lines.all()), "currency": "EUR"}


@pytest.fixture
def _conversion() -> Iterator[None]:
    with registering(Order, WithLines):
        yield


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_conversion")
def test_the_value_is_that_of_the_committed_order() -> None:
    with transaction.atomic():
        order = Order.objects.create(status=Order.PAID, email="jane@example.com")
        inside = Event.objects.get().value
        Line.objects.create(order=order, sku="tea", price="12.50", quantity=2)

    event = Event.objects.get()
    assert (inside, event.value, event.currency) == (Decimal(0), Decimal(25), "EUR")


@pytest.mark.django_db(transaction=True)
def test_the_migration_can_be_undone_with_tallies_of_several_currencies() -> None:
    EventFactory.create_batch(2, met=True, value=Decimal(3), currency="EUR")
    EventFactory(met=True, value=Decimal(3), currency="USD")
    tallies.refresh()
    assert Tally.objects.filter(span=Span.DAY).count() == 2
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        MigrationExecutor(connection).migrate([("django_capi", "0009_mirrored_events_wait")])
        with connection.cursor() as cursor:
            cursor.execute("SELECT span, events FROM django_capi_tally ORDER BY span")
            found = [tuple(row) for row in cursor.fetchall()]
    finally:
        MigrationExecutor(connection).migrate(latest)

    assert found == [(Span.HOUR, 3), (Span.DAY, 3)]
