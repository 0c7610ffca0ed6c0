"""Which object a conversion belongs to."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import models
from django.test.utils import isolate_apps
from django.utils import timezone

from django_capi.conversions import Conversion, objects, register
from django_capi.conversions.objects import place, reference
from django_capi.models import Event, Status
from django_capi.testing import deliver_now
from tests.conversions.test_sweep import BookingPurchase
from tests.site.models import Booking, GiftOrder, Order, PaidOrder
from tests.support.registration import registering

pytestmark = pytest.mark.django_db


def test_proxies_and_children_are_their_registered_model() -> None:
    refs = {reference(model(pk=7)) for model in (Order, PaidOrder)} | {reference(GiftOrder(order_ptr_id=7))}

    assert refs == {"site.order:7"}


def test_a_new_object_has_the_reference_that_it_has_when_it_is_read_again() -> None:
    """Until then it has the key as the site wrote it."""
    order = Order.objects.create(pk="077", status=Order.PAID)
    order.refresh_from_db()
    order.save()
    Order.objects.get().save()

    assert Event.objects.get().object_ref == reference(Order.objects.get()) == "site.order:77"


@isolate_apps("tests.site")
@pytest.mark.parametrize("write", [str, lambda key: str(key).upper(), lambda key: key.hex, lambda key: key])
def test_a_uuid_has_one_form(write: Callable[[UUID], object]) -> None:
    class Parcel(models.Model):
        id = models.UUIDField(primary_key=True)

        class Meta:
            app_label = "site"

    key = UUID("6f9619ff-8b86-d011-b42d-00cf4fc964ff")

    assert reference(Parcel(pk=write(key))) == f"site.parcel:{key}"


@pytest.mark.parametrize("models_of", [(Order, GiftOrder), (GiftOrder, Order), (Order, PaidOrder)])
def test_one_object_cannot_make_an_event_of_one_name_twice(models_of: tuple[type[Order], type[Order]]) -> None:
    first, second = models_of

    class Purchase(Conversion[Order]):
        pass

    class Gift(Conversion[Order]):
        event_name = "Donate"

    with registering(Order), registering(first, Purchase):
        with pytest.raises(ValueError, match="has a conversion called Purchase already"):
            register(second)(Purchase)
        register(second)(Gift)


@pytest.mark.parametrize("key", ["ann@example.com", "k" * 150], ids=["an address", "too long"])
def test_a_key_that_is_an_address_or_too_long_is_hashed(key: str) -> None:
    found = reference(Booking(pk=key))

    assert key not in found
    assert len(found) <= objects.LONGEST_REFERENCE
    assert found == reference(Booking(pk=key))
    assert place(found) is None


def test_an_object_with_a_hashed_key_converts_like_any_other() -> None:
    with registering(Booking, BookingPurchase):
        booking = Booking.objects.create(pk="ann@example.com")
        booking.paid_at = timezone.now()
        booking.save()
        deliver_now()

    event = Event.objects.get()
    assert (event.status, event.object_ref) == (Status.ACCEPTED, reference(booking))
    assert "@" not in event.object_ref


@pytest.mark.parametrize("found", ["gone.model:1", "site.order", "site.order:no number", "", "second/:1"])
def test_a_reference_of_nothing_has_no_place(found: str) -> None:
    assert place(found) is None


def test_a_reference_leads_back_to_the_object() -> None:
    order = Order.objects.create()

    there = place(reference(order))

    assert there is not None
    assert (there.model, there.database, there.pk) == (Order, "default", str(order.pk))
