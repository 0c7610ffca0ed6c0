"""Stored events are sent over real HTTP, with their own ids and bytes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence

import pytest
from django.db import connections, transaction
from pytest_django import Settings

from django_capi.conf import Pixel, conf
from django_capi.consent import Consent
from django_capi.delivery import client, due, lanes
from django_capi.delivery.drain import DeliveryReport, deliver, drain
from django_capi.models import Batch, Event, Status
from django_capi.signals import events_accepted
from django_capi.tracking import track
from django_capi.withdrawal import withdraw_consent
from example_project.standin.server import Running
from tests.conftest import AGENT
from tests.delivery.sending import TOKEN, lead, poisoned, seen, status
from tests.support.factories import PIXEL_ID

pytestmark = pytest.mark.django_db


def test_stored_events_arrive_with_their_ids_and_bytes(meta: Running) -> None:
    event = lead()

    report = deliver()

    assert (report.accepted, report.requests) == (1, 1)
    assert seen(meta)[0]["event"] == json.loads(event.payload)
    assert status(event) is Status.ACCEPTED
    assert (event.attempts, event.ambiguous) == (1, 0)
    assert event.batch and event.batch.fbtrace_id


def test_a_batch_holds_many_events_and_a_second_pass_nothing(meta: Running) -> None:
    for number in range(30):
        lead(number)

    first, second = deliver(), deliver()

    assert (first.accepted, first.requests) == (30, 1)
    assert second.requests == 0
    assert len(seen(meta)) == 30


def test_a_closed_request_keeps_the_keys_of_its_events(meta: Running) -> None:
    events = [lead(number) for number in range(3)]

    deliver()

    batch = Batch.objects.get()
    assert batch.finished_at
    assert batch.event_pks == [event.pk for event in events]


def test_many_batches_go_in_one_pass_and_what_comes_in_between_goes_with_them(
    meta: Running, settings: Settings
) -> None:
    settings.CAPI = {**settings.CAPI, "BATCH_EVENTS": 4}
    for number in range(10):
        lead(number)

    def one_more(**_: object) -> None:
        if Event.objects.count() == 10 and not Event.objects.filter(status=Status.PENDING).exists():
            lead(10)

    events_accepted.connect(one_more)
    try:
        report = deliver()
    finally:
        events_accepted.disconnect(one_more)

    assert (report.accepted, report.requests) == (11, 4)
    assert {found["event_id"] for found in seen(meta)} == {f"lead-{number:08}" for number in range(11)}
    assert set(Event.objects.values_list("status", "attempts")) == {(Status.ACCEPTED, 1)}


def test_test_events_travel_apart_with_their_code(meta: Running, settings: Settings) -> None:
    lead(1)
    settings.CAPI = {**settings.CAPI, "TEST_EVENT_CODE": "TEST123"}
    lead(2)

    report = deliver()

    assert report.requests == 2
    assert {event["test_event_code"] for event in seen(meta)} == {None, "TEST123"}


@pytest.mark.parametrize("is_refused", [False, True], ids=["accepted", "refused"])
def test_the_text_of_the_answer_is_kept_for_tests_only(meta: Running, settings: Settings, is_refused: bool) -> None:
    make = poisoned if is_refused else lead
    make(1)
    settings.CAPI = {**settings.CAPI, "TEST_EVENT_CODE": "TEST123"}
    make(2)

    deliver()

    kept = dict(Batch.objects.order_by("pk").values_list("test_event_code", "answer_text"))
    assert kept[""] == ""
    assert "fbtrace_id" in kept["TEST123"]
    assert ("error" in kept["TEST123"]) is is_refused


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_nothing_is_sent(meta: Running) -> None:
    lead()

    with transaction.atomic(), pytest.raises(RuntimeError):
        deliver()

    assert not seen(meta)


def test_without_consent_a_row_is_never_read(meta: Running) -> None:
    event = lead()
    Event.objects.update(consent=Consent.DENIED)

    assert deliver().requests == 0
    assert status(event) is Status.PENDING


def test_the_token_is_in_the_header_and_nowhere_else(meta: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    lead()

    deliver()

    assert TOKEN not in caplog.text
    assert TOKEN not in json.dumps(list(Batch.objects.values()), default=str)
    assert TOKEN not in json.dumps(list(Event.objects.values()), default=str)


def test_payloads_may_go_with_the_acceptance(meta: Running, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "PAYLOAD_DAYS": 0}
    event = lead()

    deliver()

    assert status(event) is Status.ACCEPTED
    assert event.payload == ""
    assert event.match_keys


def test_the_memory_sender_is_the_default_of_every_test(settings: Settings) -> None:
    lead()

    deliver()

    assert client.memory.sent[0].events[0]["event_name"] == "Lead"
    assert AGENT not in repr(client.memory.sent[0])


def test_the_console_sender_prints_no_contact_data(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.CAPI = {**settings.CAPI, "SENDER": "console"}
    event = lead()

    deliver()

    printed = capsys.readouterr().out
    assert "Lead lead-00000001 (em)" in printed
    assert json.loads(event.payload)["user_data"]["em"] not in printed


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pause", [0.0, 0.3], ids=["answered at once", "answered late"])
def test_who_withdraws_during_a_request_is_not_in_the_next(settings: Settings, pause: float) -> None:
    """The next events are read while a request is under way, or after it where the answer is there by then."""

    class Overtaken(client.MemoryClient):
        def post(self, pixel: Pixel, body: str) -> client.Answer:
            time.sleep(pause)  # the events are read
            if not self.sent:
                withdraw_consent(external_id="visitor-2")
                connections.close_all()  # of the thread that sends
            return super().post(pixel, body)

    settings.CAPI = {**settings.CAPI, "BATCH_EVENTS": 1}
    for number in (1, 2, 3):
        track("Lead", event_id=f"lead-{number}", user_data={"external_id": f"visitor-{number}"}, consent=True)
    (pixel,) = conf.pixels().values()
    sender, report = Overtaken(), DeliveryReport()

    drain(pixel, sender, may_continue=lambda: True, report=report)

    ids = [event["event_id"] for sent in sender.sent for event in sent.events]
    assert ids == ["lead-1", "lead-3"]
    assert dict(Event.objects.values_list("event_id", "status"))["lead-2"] == Status.WITHDRAWN


def test_a_due_event_hides_its_payload_from_error_reporters() -> None:
    """They show the items of a tuple or a mapping in a frame, whatever its repr says."""
    lead()
    held = lanes.claim(PIXEL_ID)
    assert held

    (row,) = due.read(held, limit=1)

    assert not isinstance(row, (Sequence, Mapping))
    assert row.payload not in repr(row)
