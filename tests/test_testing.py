from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from django_capi.models import Event
from django_capi.testing import assert_mirrored, assert_nothing_tracked, assert_tracked, deliver_now, outbox

pytestmark = pytest.mark.django_db


def test_a_site_can_say_what_was_tracked(visitor: Client) -> None:
    visitor.post("/lead/")

    assert_tracked("Lead")
    assert_tracked("Lead", value=Decimal("20.00"), currency="EUR")
    assert_tracked("Lead", value=21, times=0)


def test_a_wrong_expectation_fails_and_says_what_was_tracked(visitor: Client) -> None:
    visitor.post("/lead/")

    with pytest.raises(AssertionError, match=r"Purchase .* was tracked 0 times.*Tracked at all: Lead"):
        assert_tracked("Purchase")
    with pytest.raises(AssertionError, match="Lead"):
        assert_nothing_tracked()


def test_nothing_is_nothing() -> None:
    assert_nothing_tracked()


def test_a_page_whose_events_are_stored_is_mirrored(visitor: Client) -> None:
    response: Any = visitor.get("/product/")

    assert_mirrored(response)
    Event.objects.filter(event_name="ViewContent").delete()
    with pytest.raises(AssertionError, match="ViewContent"):
        assert_mirrored(response)


def test_delivery_goes_to_the_outbox(visitor: Client) -> None:
    visitor.post("/lead/")

    deliver_now()

    assert [event["event_name"] for sent in outbox for event in sent.events] == ["Lead"]
