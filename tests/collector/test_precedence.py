"""A browser can report any id, but never keep the server's own event out of the ledger with it."""

from __future__ import annotations

import json

import pytest
from django.db import transaction
from django.test import Client

from django_capi.conversions import Conversion
from django_capi.conversions.objects import event_id_of, reference
from django_capi.models import Event, Origin, Status
from django_capi.testing import deliver_now
from django_capi.tracking import track
from django_capi.types import CustomDataDict
from tests.collector.posting import mirrored, post
from tests.site.models import Order
from tests.support.registration import registering

pytestmark = pytest.mark.django_db

GUESSED = "lead-00000017"
BASKET: CustomDataDict = {"value": 20, "currency": "EUR"}


class PaidLead(Conversion[Order]):
    event_name = "Lead"

    def happened(self, order: Order, /) -> bool:
        return order.status == Order.PAID

    def consent(self, order: Order, /) -> bool:
        return True

    def user_data(self, order: Order, /) -> dict[str, object]:
        return {"em": "jane@example.com"}


def own() -> None:
    track("Lead", event_id=GUESSED, consent=True, user_data={"em": "jane@example.com"}, custom_data=BASKET)


def test_an_id_that_was_guessed_before_does_not_swallow_the_servers_event(visitor: Client) -> None:
    post(visitor, mirrored("Lead", GUESSED, custom_data={"num_items": 1}))

    own()

    event = Event.objects.get(event_id=GUESSED)
    assert (event.origin, event.status, event.browser_count) == (Origin.TRACK, Status.PENDING, 0)
    assert json.loads(event.payload)["custom_data"] == BASKET
    other = Event.objects.exclude(event_id=GUESSED).get()
    assert (other.origin, other.status, other.payload) == (Origin.BROWSER, Status.EXPIRED, "")


def test_the_id_of_a_future_conversion_cannot_be_claimed(visitor: Client) -> None:
    with registering(Order, PaidLead):
        order = Order.objects.create()
        event_id = event_id_of(reference(order), "Lead")
        post(visitor, mirrored("Lead", event_id))

        order.status = Order.PAID
        order.save()
        deliver_now()

    event = Event.objects.get(event_id=event_id)
    assert (event.origin, event.status) == (Origin.CONVERSION, Status.ACCEPTED)


def test_an_id_that_is_taken_is_replaced_also_in_the_callers_transaction(visitor: Client) -> None:
    post(visitor, mirrored("Lead", GUESSED))

    with transaction.atomic():
        own()
        Order.objects.create()

    assert Order.objects.exists()
    assert Event.objects.get(event_id=GUESSED).origin == Origin.TRACK


def test_what_meta_has_taken_under_that_id_stays_accepted_under_another(visitor: Client) -> None:
    post(visitor, mirrored("Lead", GUESSED))
    deliver_now()

    own()

    assert Event.objects.get(event_id=GUESSED).status == Status.PENDING
    assert Event.objects.exclude(event_id=GUESSED).get().status == Status.ACCEPTED


def test_a_later_report_leaves_the_servers_event_as_it_is(visitor: Client) -> None:
    own()
    before = Event.objects.values().get()

    answer = post(visitor, mirrored("Lead", GUESSED, custom_data={"num_items": 1}))

    assert answer.status_code == 204
    assert Event.objects.values().get() == before


def test_a_report_that_is_posted_twice_makes_one_event(visitor: Client) -> None:
    post(visitor, mirrored("Lead"))
    before = Event.objects.values().get()

    post(visitor, mirrored("Lead"))

    assert Event.objects.values().get() == before


def test_an_event_that_is_stored_twice_is_one_event() -> None:
    own()
    own()

    assert Event.objects.get().origin == Origin.TRACK
