from __future__ import annotations

from unittest import mock

import pytest
from django.test import TestCase

from django_capi.testing import BrowserClient, capture_events, deliver_now, outbox, tracked
from django_capi.tracking import track


class TestAsInUnittest(TestCase):
    """As a site with Django's own test cases uses it."""

    client_class = BrowserClient

    def test_the_events_of_the_block_are_captured(self) -> None:
        self.client.post("/lead/")

        with capture_events() as events:
            self.client.get("/product/")

        assert events.names == ["PageView", "ViewContent"]

    def test_they_can_be_read_in_the_block(self) -> None:
        with capture_events() as events:
            assert events.names == []
            self.client.post("/lead/")
            assert events.names == ["Lead"]

    def test_what_is_tracked_after_the_block_is_not_captured(self) -> None:
        with capture_events() as events:
            self.client.post("/lead/")
        self.client.post("/lead/")

        assert len(events) == 1
        assert len(tracked("Lead")) == 2

    def test_they_are_events_as_meta_gets_them(self) -> None:
        with capture_events() as events:
            self.client.post("/lead/")

        assert events[0]["custom_data"] == {"value": 20, "currency": "EUR"}
        assert events[:1] == events.named("Lead")
        assert events.named("Purchase") == []

    def test_their_repr_has_names_and_no_contact_data(self) -> None:
        with capture_events() as events:
            track("Lead", consent=True, user_data={"em": "ann@example.com"})

        assert repr(events) == "<CapturedEvents: Lead>"
        with capture_events() as events:
            pass
        assert repr(events) == "<CapturedEvents: none>"

    def test_the_outbox_is_empty_at_the_start(self) -> None:
        outbox.append(mock.sentinel.of_an_earlier_test)

        with capture_events():
            self.client.post("/lead/")
            deliver_now()

        assert [event["event_name"] for sent in outbox for event in sent.events] == ["Lead"]


@pytest.mark.django_db
def test_an_error_in_the_block_goes_through() -> None:
    with pytest.raises(LookupError), capture_events():
        raise LookupError
