"""What has been met is owed its event: errors, other saves and writes without signals make it late, never over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models.signals import post_save

from django_capi.conversions import Conversion, fire
from django_capi.models import ConversionMark, ConversionSource, ConversionState, Event, NotSent
from tests.site.models import GiftOrder, Note, Order, PaidOrder
from tests.support.registration import registering

pytestmark = pytest.mark.django_db(transaction=True)


def purchases() -> list[str]:
    return list(Event.objects.filter(event_name="Purchase").values_list("object_ref", flat=True))


def paid(order: Order, **options: Any) -> None:
    order.status = Order.PAID
    order.save(**options)


@contextmanager
def failing_at(number: int) -> Iterator[list[str]]:
    """Our statement of this number fails, as after a deadlock. The list holds it, if there are so many."""
    left = iter(range(number, -1, -1))
    failed: list[str] = []

    def execute_or_fail(execute: Any, sql: str, *call: Any) -> Any:
        if "django_capi" in sql and next(left, -1) == 0:
            failed.append(sql)
            raise OperationalError("deadlock detected")
        return execute(sql, *call)

    with connection.execute_wrapper(execute_or_fail):
        yield failed


@pytest.mark.parametrize("in_transaction", [True, False])
def test_an_error_at_any_statement_makes_it_late_and_not_over(*, in_transaction: bool) -> None:
    for number in count():
        order = Order.objects.create(email="jane@example.com")
        with failing_at(number) as failed:
            if in_transaction:
                with transaction.atomic():
                    paid(order)
            else:
                paid(order)
        if not failed:
            break
        order.save()
        assert purchases()[number:] == [f"site.order:{order.pk}"], failed

    assert number >= 4


def test_a_failing_user_data_costs_its_own_part(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Conversion[Note]):
        def happened(self, note: Note, /) -> bool:
            return True

        def consent(self, note: Note, /) -> bool:
            return True

        def custom_data(self, note: Note, /) -> dict[str, object]:
            return {"value": 20, "currency": "EUR"}

        def user_data(self, note: Note, /) -> dict[str, object]:
            raise AttributeError("ann@example.com")

    with registering(Note, Broken):
        Note.objects.create(text="order")

    event = Event.objects.get()
    assert "user_data:raised" in event.left_out
    assert "Broken.user_data() raised AttributeError." in caplog.text
    assert "ann@" not in caplog.text


def test_a_failing_happened_costs_no_other_conversion() -> None:
    class Broken(Conversion[Note]):
        event_name = "Schedule"

        def happened(self, note: Note, /) -> bool:
            raise LookupError

    class Sound(Conversion[Note]):
        event_name = "Lead"

        def happened(self, note: Note, /) -> bool:
            return True

    with registering(Note, Broken, Sound):
        Note.objects.create(text="asks")

    assert list(Event.objects.values_list("event_name", flat=True)) == ["Lead"]
    assert ConversionMark.objects.get(event_name="Schedule").state == ConversionState.OPEN


class TestOtherSaves:
    @pytest.fixture
    def numbering(self) -> Iterator[None]:
        """The site's own handler writes the invoice's number, and stands before ours or after it."""

        def number(instance: Order, **_: Any) -> None:
            if instance.status == Order.PAID and not instance.email:
                instance.email = "INV-1"
                instance.save(update_fields=["email"])

        post_save.connect(number, sender=Order)
        others = post_save.receivers
        post_save.receivers = [others[-1], *others[:-1]]
        post_save.sender_receivers_cache.clear()
        yield
        post_save.disconnect(number, sender=Order)

    @pytest.mark.usefixtures("numbering")
    @pytest.mark.parametrize("in_transaction", [True, False])
    def test_a_handler_that_saves_again_takes_nothing_away(self, *, in_transaction: bool) -> None:
        order = Order.objects.create()
        Order.objects.create(status=Order.PAID)

        if in_transaction:
            with transaction.atomic():
                paid(order)
        else:
            paid(order)

        assert len(purchases()) == 2

    def test_another_instance_may_save_between(self) -> None:
        order = Order.objects.create()
        other = Order.objects.get()
        Order.objects.update(status=Order.PAID)

        other.email = "jane@example.com"
        other.save(update_fields=["email"])
        order.refresh_from_db()
        order.save()

        assert len(purchases()) == 1

    def test_fields_that_are_not_saved_make_no_purchase(self) -> None:
        order = Order.objects.create()

        order.status = Order.PAID
        order.save(update_fields=["email"])

        assert purchases() == []

    def test_fields_that_are_saved_do(self) -> None:
        order = Order.objects.create()

        paid(order, update_fields=["status"])

        assert len(purchases()) == 1


class TestModels:
    def test_a_proxys_save_is_its_models(self) -> None:
        order = Order.objects.create()

        paid(PaidOrder.objects.get(pk=order.pk))
        fire(order)

        assert purchases() == [f"site.order:{order.pk}"]

    def test_a_childs_save_is_its_parents(self) -> None:
        gift = GiftOrder.objects.create()

        paid(gift)
        Order.objects.get().save()

        assert purchases() == [f"site.order:{gift.pk}"]

    def test_a_proxy_that_is_registered_stands_for_its_model(self) -> None:
        class OfProxy(Conversion[PaidOrder]):
            def happened(self, order: PaidOrder, /) -> bool:
                return type(order) is PaidOrder and order.status == Order.PAID

        with registering(PaidOrder, OfProxy):
            paid(Order.objects.create())

        assert len(purchases()) == 1

    def test_a_child_may_have_a_conversion_of_its_own(self) -> None:
        class OfChild(Conversion[GiftOrder]):
            event_name = "Donate"

            def happened(self, order: GiftOrder, /) -> bool:
                return order.status == Order.PAID

        with registering(GiftOrder, OfChild):
            gift = GiftOrder.objects.create(status=Order.PAID)

        refs = dict(Event.objects.values_list("event_name", "object_ref"))
        assert refs == {"Purchase": f"site.order:{gift.pk}", "Donate": f"site.giftorder:{gift.pk}"}


class TestBefore:
    @pytest.fixture
    def old(self) -> Order:
        """Paid when the app was installed."""
        Order.objects.bulk_create([Order(status=Order.PAID), Order()])
        ConversionSource.objects.all().delete()
        return Order.objects.get(status=Order.PAID)

    def test_an_old_order_that_is_edited_is_no_purchase_and_says_why(self, old: Order) -> None:
        old.save()
        old.save()

        assert purchases() == []
        assert ConversionMark.objects.get().reason == NotSent.BEFORE

    def test_an_old_order_that_is_paid_now_is_one(self, old: Order) -> None:
        paid(Order.objects.get(status=Order.PENDING))

        assert len(purchases()) == 1

    def test_the_moment_is_recorded_once(self, old: Order) -> None:
        old.save()
        first = ConversionSource.objects.get()
        Order.objects.create()

        assert ConversionSource.objects.get().met_at == first.met_at
        assert first.met_pk == Order.objects.order_by("pk")[1].pk

    def test_what_came_in_bulk_afterwards_is_owed(self, old: Order) -> None:
        old.save()
        Order.objects.bulk_create([Order(status=Order.PAID)])

        Order.objects.latest("pk").save()

        assert len(purchases()) == 1
