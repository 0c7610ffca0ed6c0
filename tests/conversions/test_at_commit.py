"""An event shows its object as it was committed, and its bytes do not change once it may be sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from django_capi.conversions import Conversion, sweep
from django_capi.ledger import receipts
from django_capi.ledger.store import HELD
from django_capi.models import BrowserState, ConversionMark, ConversionState, Event, Status
from django_capi.testing import deliver_now, outbox
from tests.conftest import FBP
from tests.site.models import Line, Order
from tests.support.factories import receipt_of
from tests.support.pages import events
from tests.support.registration import registering
from tests.tracking.serving import serve

pytestmark = pytest.mark.django_db(transaction=True)


class WithLines(Conversion[Order]):
    broken = has_no_person = False
    external_id: str | None = None
    at: datetime | None = None

    def happened(self, order: Order, /) -> bool:
        return order.status == Order.PAID

    def consent(self, order: Order, /) -> bool:
        return True

    def custom_data(self, order: Order, /) -> dict[str, object]:
        if self.broken:
            raise ZeroDivisionError
        lines = list(order.lines.all())
        return {
            "value": sum(line.price * line.quantity for line in lines),
            "currency": "EUR",
            "contents": [{"id": line.sku, "quantity": line.quantity, "item_price": line.price} for line in lines],
        }

    def user_data(self, order: Order, /) -> dict[str, object]:
        if self.has_no_person:
            raise ZeroDivisionError
        return {"em": order.email, "external_id": self.external_id}

    def event_time(self, order: Order, /) -> datetime | None:
        return self.at


@pytest.fixture(autouse=True)
def _lines() -> Iterator[None]:
    with registering(Order, WithLines):
        yield


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WithLines, "broken", True)


def order_with_lines(status: str = Order.PAID) -> Order:
    """As most shops do it: the order first."""
    order = Order.objects.create(status=status, email="jane@example.com")
    Line.objects.create(order=order, sku="tea", price="12.50", quantity=2)
    return order


def bought() -> Any:
    return json.loads(Event.objects.get().payload).get("custom_data")


def test_lines_that_are_saved_after_the_order_are_in_its_event() -> None:
    with transaction.atomic():
        order_with_lines()

    assert bought() == {
        "contents": [{"id": "tea", "item_price": 12.5, "quantity": 2}],
        "currency": "EUR",
        "value": 25,
    }
    assert ConversionMark.objects.get().state == ConversionState.STORED


def test_within_the_transaction_the_event_is_there_and_not_due() -> None:
    with transaction.atomic():
        order_with_lines()
        inside = Event.objects.get()
        sent = deliver_now_elsewhere()

    assert (inside.due_at, inside.status) == (HELD, Status.PENDING)
    assert sent == 0
    assert Event.objects.get().due_at <= timezone.now()


def deliver_now_elsewhere() -> int:
    """What a worker finds due."""
    return Event.objects.filter(due_at__lte=timezone.now()).count()


def test_a_process_that_dies_at_the_commit_leaves_the_rest_to_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction.atomic():
        order_with_lines()
        transaction.get_connection().run_on_commit.clear()  # as if it had been killed
    before = Event.objects.get().due_at

    report = deliver_now()

    assert before == HELD
    assert report.accepted == 1
    assert outbox[-1].events[0]["custom_data"]["value"] == 25  # type: ignore[index]


def test_an_order_that_is_paid_and_undone_in_one_transaction_is_no_purchase() -> None:
    with transaction.atomic():
        order = order_with_lines()
        Order.objects.update(status=Order.PENDING)
    undone = (Event.objects.count(), ConversionMark.objects.get().state)

    order.refresh_from_db()
    order.status = Order.PAID
    order.save()

    assert undone == (0, ConversionState.OPEN)
    assert bought()["value"] == 25


def test_an_order_that_is_deleted_at_once_was_one_all_the_same() -> None:
    with transaction.atomic():
        order = order_with_lines()
        order.delete()

    deliver_now()

    assert Event.objects.count() == 1


def test_a_rolled_back_savepoint_takes_its_event_along() -> None:
    with transaction.atomic():
        with pytest.raises(LookupError), transaction.atomic():
            order_with_lines()
            raise LookupError
        Order.objects.create()

    assert not Event.objects.exists()


def test_what_was_sent_is_not_changed_by_a_later_save() -> None:
    with transaction.atomic():
        order = order_with_lines()
    sent = Event.objects.get().payload

    Line.objects.create(order=order, sku="milk", price=1)
    with transaction.atomic():
        order.save()

    assert Event.objects.get().payload == sent


def test_an_order_without_lines_outside_a_transaction_is_logged_with_the_fix(caplog: pytest.LogCaptureFixture) -> None:
    Order.objects.create(status=Order.PAID, email="jane@example.com")

    assert "neither a value nor contents" in caplog.text
    assert "transaction.atomic()" in caplog.text
    assert "jane@" not in caplog.text


@pytest.mark.usefixtures("broken")
def test_a_failing_custom_data_is_asked_again_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction.atomic():
        order_with_lines()
    deliver_now()
    waiting = Event.objects.get().due_at

    monkeypatch.setattr(WithLines, "broken", False)
    ConversionMark.objects.update(check_at=timezone.now())
    sweep.sweep()

    assert waiting == HELD
    assert bought()["value"] == 25


@pytest.mark.usefixtures("broken")
def test_the_hour_begins_with_the_payment_and_not_with_the_order() -> None:
    order = order_with_lines(status=Order.PENDING)
    ConversionMark.objects.update(created_at=timezone.now() - 72 * sweep.OVERLAP)

    with transaction.atomic():
        order.status = Order.PAID
        order.save()

    assert Event.objects.get().due_at == HELD


@pytest.mark.usefixtures("broken")
def test_after_that_hour_the_event_is_sent_without_custom_data() -> None:
    with transaction.atomic():
        order_with_lines()
    ConversionMark.objects.update(check_at=timezone.now(), happened_at=timezone.now() - 2 * sweep.OVERLAP)

    sweep.sweep()

    event = Event.objects.get()
    assert event.due_at <= timezone.now()
    assert "custom_data:raised" in event.left_out


def test_the_browsers_copy_has_the_same_data(visitor: Client, settings: Settings) -> None:
    pk = visitor.post("/checkout/").json()["order"]
    with transaction.atomic():
        order = Order.objects.get(pk=pk)
        order.status = Order.PAID
        order.save()
        Line.objects.create(order=order, sku="tea", price="12.50", quantity=2)
    stored = bought()
    Line.objects.create(order=order, sku="milk", price=1)

    copy = events(visitor.get(f"/thanks/{pk}/"))["Purchase"]

    assert copy["custom_data"] == stored


def test_without_autocommit_the_worker_completes_it(settings: Settings) -> None:
    transaction.set_autocommit(False)
    try:
        order_with_lines()
        transaction.commit()
        stored = ConversionMark.objects.get().state
        transaction.commit()
    finally:
        transaction.set_autocommit(True)

    sweep.sweep()

    assert stored == ConversionState.INCOMPLETE
    assert bought()["value"] == 25


class TestVisitor:
    """Someone who is signed in, behind a proxy that is not trusted, and gives another address for the order."""

    @pytest.fixture(autouse=True)
    def _signed_in(self, visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        visitor.force_login(User.objects.create(username="ann", email="ann@example.com"))
        visitor.defaults["REMOTE_ADDR"] = "10.0.0.7"
        monkeypatch.setattr(WithLines, "external_id", "crm-77")

    def order(self, visitor: Client, settings: Settings, act: Callable[[], object]) -> dict[str, Any]:
        """What is stored of an order that this view makes."""
        serve(settings, lambda _request: act())
        visitor.post("/act/")
        sweep.sweep()
        event = Event.objects.get()
        found = {"left_out": event.left_out, "match_keys": event.match_keys, "of": event.server_external_id}
        user_data = json.loads(event.payload)["user_data"]
        Event.objects.all().delete()
        return {**found, "user_data": user_data}

    def test_an_order_in_a_transaction_has_the_visitors_data_as_well(self, visitor: Client, settings: Settings) -> None:
        at_once = self.order(visitor, settings, paid_order)

        assert self.order(visitor, settings, in_transaction) == at_once
        assert self.order(visitor, settings, left_to_the_worker) == at_once
        assert "client_ip_address:not_public" in at_once["left_out"]
        assert [len(at_once["user_data"][key]) for key in ("em", "external_id")] == [2, 2]

    def test_an_address_that_is_corrected_in_the_transaction_is_not_sent(
        self, visitor: Client, settings: Settings
    ) -> None:
        def corrected() -> None:
            with transaction.atomic():
                paid_order(email="jnae@example.com")
                Order.objects.update(email="jane@example.com")

        assert self.order(visitor, settings, corrected) == self.order(visitor, settings, paid_order)

    def test_what_a_failing_user_data_had_returned_before_stays(
        self, visitor: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def failing_at_commit() -> None:
            with transaction.atomic():
                paid_order()
                monkeypatch.setattr(WithLines, "has_no_person", True)

        at_once = self.order(visitor, settings, paid_order)

        found = self.order(visitor, settings, failing_at_commit)

        assert found["user_data"] == at_once["user_data"]
        assert "user_data:raised" in found["left_out"]


def paid_order(email: str = "jane@example.com") -> None:
    Order.objects.create(status=Order.PAID, email=email)


def in_transaction() -> None:
    with transaction.atomic():
        paid_order()


def left_to_the_worker() -> None:
    with transaction.atomic():
        paid_order()
        transaction.get_connection().run_on_commit.clear()  # as if it had been killed


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("state", [BrowserState.FIRED, BrowserState.BLOCKED])
def test_the_browsers_copy_still_limits_the_time_of_a_completed_event(
    state: BrowserState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WithLines, "at", timezone.now())
    with transaction.atomic():
        order_with_lines()
    event = Event.objects.get()
    receipts.record([replace(receipt_of(event), state=state)], fbp=FBP)
    before = Event.objects.get().deadline

    monkeypatch.setattr(WithLines, "broken", False)
    ConversionMark.objects.update(check_at=timezone.now())
    sweep.sweep()

    assert bought()["value"] == 25
    assert (before < event.deadline) is (state is BrowserState.FIRED)
    assert abs(Event.objects.get().deadline - before) < timedelta(seconds=2)
