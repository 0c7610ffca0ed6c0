from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from django_capi.conversions import Conversion, derived_id, fire, register
from django_capi.models import ConversionMark, ConversionSource, Event, NotSent, Origin, Snapshot
from tests.conftest import ADDRESS, AGENT, FBP
from tests.site.models import Order
from tests.support.pages import events

pytestmark = pytest.mark.django_db

BANK: dict[str, Any] = {"HTTP_USER_AGENT": "CornerBank/1.0", "REMOTE_ADDR": "9.9.9.9"}


def paid_before() -> Order:
    """An order of a shop that has just installed the app."""
    Order.objects.bulk_create([Order(status=Order.PAID)])
    ConversionSource.objects.all().delete()
    return Order.objects.get()


def buy(visitor: Client) -> Order:
    """Check out as the visitor, and let the bank say it is paid."""
    pk = visitor.post("/checkout/").json()["order"]
    Client(**BANK).post(f"/webhook/{pk}/")
    return Order.objects.get(pk=pk)


def test_an_order_fires_when_it_becomes_paid_and_not_before(visitor: Client) -> None:
    pk = visitor.post("/checkout/").json()["order"]
    before = Event.objects.count()

    Client(**BANK).post(f"/webhook/{pk}/")

    event = Event.objects.get()
    assert before == 0
    assert (event.event_name, event.origin, event.object_ref) == ("Purchase", Origin.CONVERSION, f"site.order:{pk}")


def test_a_webhook_sends_the_visitors_own_address_and_cookies(visitor: Client) -> None:
    buy(visitor)

    user_data = json.loads(Event.objects.get().payload)["user_data"]
    assert (user_data["client_ip_address"], user_data["client_user_agent"]) == (ADDRESS, AGENT)
    assert user_data["fbp"] == FBP
    assert len(user_data["em"]) == 64


@pytest.mark.parametrize("times", [1, 5])
def test_a_paid_order_saved_again_fires_nothing(visitor: Client, times: int) -> None:
    order = buy(visitor)

    for _ in range(times):
        order.save()

    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_second_save_between_the_update_and_the_mark_takes_no_purchase_away(visitor: Client) -> None:
    """Without a transaction, the bank's webhook and the customer's return see each other's half."""
    pk = visitor.post("/checkout/").json()["order"]
    webhook, back = Order.objects.get(pk=pk), Order.objects.get(pk=pk)
    webhook.status = back.status = Order.PAID
    saves = iter([back])

    def come_between(execute: Any, sql: str, *call: Any) -> Any:
        found = execute(sql, *call)
        if sql.startswith("UPDATE") and "site_order" in sql:
            for other in saves:
                other.save()
        return found

    with connection.execute_wrapper(come_between):
        webhook.save()

    assert Event.objects.get().event_name == "Purchase"
    assert ConversionMark.objects.get().event_id == Event.objects.get().event_id


def test_an_order_that_was_paid_before_the_app_came_never_fires() -> None:
    order = paid_before()

    order.save()
    order.save()

    assert not Event.objects.exists()
    assert ConversionMark.objects.get().reason == NotSent.BEFORE


def test_a_mark_outlives_the_ledger_and_the_secret(visitor: Client, settings: Settings) -> None:
    order = buy(visitor)
    Event.objects.all().delete()
    settings.SECRET_KEY = "rotated"

    order.save()

    assert not Event.objects.exists()


def test_a_rolled_back_payment_leaves_no_event_and_may_happen_later(visitor: Client) -> None:
    pk = visitor.post("/checkout/").json()["order"]
    order = Order.objects.get(pk=pk)
    order.status = Order.PAID
    with pytest.raises(RuntimeError), transaction.atomic():
        order.save()
        raise RuntimeError

    assert not Event.objects.exists()
    order.save()
    assert Event.objects.count() == 1


def test_the_id_is_the_same_everywhere_and_not_to_be_guessed(settings: Settings) -> None:
    order = Order(pk=7)
    first = derived_id(order, "Purchase")

    assert first == derived_id(order, "Purchase")
    assert first != derived_id(order, "Subscribe")
    assert first != derived_id(Order(pk=8), "Purchase")
    assert first != "7"
    settings.SECRET_KEY = "another shop"
    assert first != derived_id(order, "Purchase")


def test_a_secret_for_ids_keeps_them_when_the_key_rotates(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "ID_SECRET": "kept"}
    first = derived_id(Order(pk=7), "Purchase")

    settings.SECRET_KEY = "rotated"

    assert first == derived_id(Order(pk=7), "Purchase")


def test_objects_changed_without_signals_can_be_fired_by_hand() -> None:
    order = Order.objects.create()
    Order.objects.update(status=Order.PAID)
    order.refresh_from_db()

    fire(order)
    fire(order)

    assert Event.objects.count() == 1


def test_firing_reads_what_is_stored() -> None:
    order = Order.objects.create()
    Order.objects.update(status=Order.PAID)

    fire(order)

    assert Event.objects.get().object_ref == f"site.order:{order.pk}"


def test_firing_an_object_that_is_not_stored_does_nothing() -> None:
    order = Order.objects.create()
    Order.objects.all().delete()
    order.status = Order.PAID

    fire(order)

    assert not Event.objects.exists()


def test_a_fixture_fires_nothing() -> None:
    Order(pk=1, status=Order.PAID).save_base(raw=True)

    assert not Event.objects.exists()
    assert not ConversionMark.objects.exists()


def test_a_model_cannot_have_two_conversions_of_one_name() -> None:
    class Another(Conversion):
        event_name = "Purchase"

    with pytest.raises(ValueError, match="Purchase"):
        register(Order)(Another)


def test_an_order_of_nobodys_browser_is_system_generated() -> None:
    Order.objects.create(status=Order.PAID, email="jane@example.com")

    assert Event.objects.get().action_source == "system_generated"


class TestConsent:
    def test_who_declined_at_the_checkout_is_not_sent_later(self, visitor: Client, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: False}

        buy(visitor)

        assert not Event.objects.exists()
        assert Snapshot.objects.get().visitor == {"consent": 1, "left_out": []}

    def test_without_anybodys_word_nothing_is_sent(self, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: True}

        Order.objects.create(status=Order.PAID, email="jane@example.com")

        assert not Event.objects.exists()

    def test_staff_in_the_admin_are_not_the_customer(self, visitor: Client, admin_user: Any) -> None:
        visitor.force_login(admin_user)

        visitor.post("/admin/site/order/add/", {"status": "pending", "total": "20", "email": "jane@example.com"})

        assert Order.objects.count() == 1
        assert not Snapshot.objects.exists()

    def test_another_server_is_not_the_customer(self) -> None:
        Client(**BANK).post("/checkout/")

        assert not Snapshot.objects.exists()


class TestBrowserCopy:
    def test_the_thank_you_page_fires_it_once(self, visitor: Client) -> None:
        order = buy(visitor)

        first = events(visitor.get(f"/thanks/{order.pk}/"))
        second = events(visitor.get(f"/thanks/{order.pk}/"))

        assert first["Purchase"]["event_id"] == Event.objects.get(event_name="Purchase").event_id
        assert first["Purchase"]["custom_data"] == {"currency": "EUR", "value": 20}
        assert "Purchase" not in second

    def test_it_dies_after_half_an_hour(self, visitor: Client) -> None:
        order = buy(visitor)

        copy = events(visitor.get(f"/thanks/{order.pk}/"))["Purchase"]

        assert 0 < copy["expires"] - timezone.now().timestamp() <= 1800

    def test_an_order_that_is_not_paid_has_none(self, visitor: Client) -> None:
        pk = visitor.post("/checkout/").json()["order"]

        assert "Purchase" not in events(visitor.get(f"/thanks/{pk}/"))

    def test_a_day_later_it_would_be_counted_twice(self, visitor: Client) -> None:
        order = buy(visitor)
        ConversionMark.objects.update(happened_at=timezone.now() - timedelta(hours=25))

        assert "Purchase" not in events(visitor.get(f"/thanks/{order.pk}/"))

    def test_another_browser_does_not_take_it_away(self, visitor: Client, newcomer: Client) -> None:
        order = buy(visitor)
        newcomer.cookies["_fbp"] = FBP + "1"

        other = events(newcomer.get(f"/thanks/{order.pk}/"))
        own = events(visitor.get(f"/thanks/{order.pk}/"))

        assert "Purchase" not in other
        assert "Purchase" in own

    def test_a_fragment_that_is_kept_for_others_does_not_carry_it(
        self, visitor: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        order = buy(visitor)

        kept = events(visitor.get(f"/kept-thanks/{order.pk}/"))

        assert "Purchase" not in kept
        assert "{% capi_conversion %} is in a cached fragment" in caplog.text
        assert "Purchase" in events(visitor.get(f"/thanks/{order.pk}/"))

    def test_a_page_fetched_ahead_does_not_use_it_up(self, visitor: Client) -> None:
        order = buy(visitor)

        ahead = events(visitor.get(f"/thanks/{order.pk}/", HTTP_SEC_PURPOSE="prefetch"))
        shown = events(visitor.get(f"/thanks/{order.pk}/"))

        assert "Purchase" not in ahead
        assert "Purchase" in shown

    def test_two_pixels_have_one_copy_with_both(self, visitor: Client, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "PIXELS": {"main": {"PIXEL_ID": "1"}, "eu": {"PIXEL_ID": "2"}}}
        order = buy(visitor)

        copy = events(visitor.get(f"/thanks/{order.pk}/"))["Purchase"]

        assert sorted(copy["pixels"]) == ["1", "2"]
