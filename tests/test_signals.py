"""What the signals provide, and whether the caller's transaction is open when they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.dispatch import Signal
from pytest_django import Settings

from django_capi import signals
from django_capi.models import Event, Lane
from django_capi.testing import deliver_now
from django_capi.tracking import track
from tests.support.scripted_meta import Meta, listening

pytestmark = pytest.mark.django_db(transaction=True)

PIXEL = "1234567890123456"
ANN: Any = {"consent": True, "user_data": {"em": "ann@example.com"}}


@contextmanager
def received(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    """The arguments of each call, with whether a transaction was open in it."""
    found: list[dict[str, Any]] = []

    def receiver(signal: Signal, **arguments: Any) -> None:
        found.append({**arguments, "in_transaction": connection.in_atomic_block})

    signal.connect(receiver)
    yield found
    signal.disconnect(receiver)


@pytest.mark.parametrize("is_open", [True, False], ids=["in a transaction", "outside of one"])
def test_stored_events_are_reported_in_the_transaction_that_stores_them(*, is_open: bool) -> None:
    with received(signals.events_stored) as calls:
        if is_open:
            with transaction.atomic():
                track("Lead", event_id="lead-1", **ANN)
        else:
            track("Lead", event_id="lead-1", **ANN)

    assert calls == [
        {"sender": Event, "pixel_id": PIXEL, "events": [("Lead", "lead-1")], "in_transaction": is_open},
    ]


def test_an_event_that_is_stored_already_is_reported_again() -> None:
    track("Lead", event_id="lead-1", **ANN)

    with received(signals.events_stored) as calls:
        track("Lead", event_id="lead-1", **ANN)

    assert [call["events"] for call in calls] == [[("Lead", "lead-1")]]


@pytest.fixture
def meta(settings: Settings) -> Iterator[Meta]:
    with listening() as found:
        settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": found.url}
        yield found


def test_accepted_events_are_reported_after_the_commit(meta: Meta) -> None:
    track("Lead", event_id="lead-1", **ANN)

    with received(signals.events_accepted) as calls:
        deliver_now()

    assert calls == [
        {"sender": Event, "pixel_id": PIXEL, "events": [("Lead", "lead-1")], "in_transaction": False},
    ]


def test_a_refused_event_is_reported_after_the_commit(meta: Meta) -> None:
    track("Lead", event_id="lead-1", **ANN)
    meta.refused.add("lead-1")

    with received(signals.event_rejected) as calls:
        deliver_now()

    [call] = calls
    assert call.pop("reason")
    assert call == {
        "sender": Event,
        "pixel_id": PIXEL,
        "event_name": "Lead",
        "event_id": "lead-1",
        "code": 100,
        "subcode": 2804016,
        "in_transaction": False,
    }


def test_an_event_that_is_invalid_when_it_is_stored_is_not_reported_as_refused(meta: Meta) -> None:
    track("Purchase", event_id="purchase-1", **ANN)  # without a value

    with received(signals.event_rejected) as calls:
        deliver_now()

    assert (Event.objects.get().get_status_display(), calls) == ("rejected", [])


def test_a_pause_is_reported_after_the_commit(meta: Meta) -> None:
    track("Lead", event_id="lead-1", **ANN)
    meta.script.append("token_expired")

    with received(signals.lane_paused) as calls:
        deliver_now()

    [call] = calls
    assert call.pop("reason")
    assert call.pop("seconds") > 0
    assert call == {"sender": Lane, "pixel_id": PIXEL, "in_transaction": False}
