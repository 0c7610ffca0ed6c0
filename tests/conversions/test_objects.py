"""Which object a conversion belongs to."""

from __future__ import annotations

import pytest
from django.utils import timezone

from django_capi.conversions import objects
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
