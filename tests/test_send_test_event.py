from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from django_capi.models import Batch, Event, Status
from tests.support.scripted_meta import Meta, listening

pytestmark = pytest.mark.django_db


@pytest.fixture
def meta(settings: Settings) -> Iterator[Meta]:
    with listening() as meta:
        settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": meta.url}
        yield meta


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("capi_send_test_event", *arguments, stdout=out)
    return out.getvalue()


def test_it_sends_one_event_with_the_test_code(meta: Meta) -> None:
    run("Purchase", "--code", "TEST123")

    body = json.loads(meta.asked[0].body)
    assert (body["test_event_code"], [event["event_name"] for event in body["data"]]) == ("TEST123", ["Purchase"])


def test_it_prints_the_request_without_customer_data_and_the_answer_with_its_trace(meta: Meta) -> None:
    printed = run("Purchase", "--code", "TEST123")

    sent = json.loads(meta.asked[0].body)["data"][0]
    assert "/1234567890123456/events" in printed
    assert "HTTP 200: accepted" in printed
    assert f"fbtrace_id {Batch.objects.get().fbtrace_id}" in printed
    assert '"em": "(withheld)"' in printed
    assert sent["user_data"]["em"] not in printed
    assert "test-token" not in printed


def test_the_ledger_keeps_it_with_metas_answer(meta: Meta) -> None:
    run("Lead", "--code", "TEST123")

    event = Event.objects.get()
    assert (event.event_name, event.status, event.test_event_code) == ("Lead", Status.ACCEPTED, "TEST123")
    assert event.batch == Batch.objects.get()


def test_a_refusal_fails_with_metas_reason(meta: Meta) -> None:
    meta.script.append("token_expired")

    with pytest.raises(CommandError, match="190 / 463"):
        run("Lead", "--code", "TEST123")

    assert Event.objects.get().status == Status.REJECTED


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["Lead"], "Give the code"),
        (["Lead", "--code", "bad code!"], "'bad code!' is no test code: it is TEST followed by letters and digits."),
        (["Lead", "--code", "TEST1", "--pixel", "eu"], "There is no pixel 'eu'. There are: main."),
        (["x" * 51, "--code", "TEST1"], "1 to 50 printable characters"),
    ],
    ids=["no code", "no real code", "no such pixel", "too long a name"],
)
def test_a_mistake_is_explained_and_sends_nothing(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run(*arguments)

    assert not Event.objects.exists()


def test_it_says_when_the_sender_sends_nothing() -> None:
    assert 'The sender is "memory": nothing was sent to Meta.' in run("Lead", "--code", "TEST1")
