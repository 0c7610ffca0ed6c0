"""What is stored of a test event, by Meta's answer."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from django_capi.conf import conf
from django_capi.delivery import http
from django_capi.models import Batch, Event, Status
from django_capi.models.delivery import LONGEST_ANSWER
from django_capi.tracking import test_events
from tests.support.loopback import Script, answering, serving

pytestmark = pytest.mark.django_db

PAGE = "https://shop.example.com/"
HEAD = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
TAKEN = b'{"events_received": 1, "fbtrace_id": "' + b"A" * 100 + b'"}'
REFUSED = b'{"error": {"code": 190, "message": "", "fbtrace_id": "B"}}'


def reply(status: int, body: bytes) -> Script:
    return answering(HEAD % (status, len(body), body))


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (reply(200, TAKEN), Status.ACCEPTED),
        (reply(400, REFUSED), Status.REJECTED),
        (answering(b""), Status.IN_DOUBT),
    ],
    ids=["accepted", "refused", "no answer"],
)
def test_its_state_says_what_meta_answered(script: Script, status: Status, settings: Settings) -> None:
    with serving(script) as url:
        settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": url, "READ_TIMEOUT": 0.5}
        (pixel,) = conf.pixels().values()
        sent = test_events.send(test_events.sample("Lead", page=PAGE), pixel, "TEST12345")
    http.session().close()

    assert (Event.objects.get().status, sent.is_accepted) == (status, status is Status.ACCEPTED)
    assert Event.objects.get().batch == Batch.objects.get()
    assert Batch.objects.get().event_pks == [Event.objects.get().pk]
    assert len(Batch.objects.get().fbtrace_id) <= 64


@pytest.mark.parametrize(
    ("script", "kept"),
    [
        (reply(400, REFUSED), REFUSED.decode()),
        (reply(200, b'{"events_received": 1}'), '{"events_received": 1}'),
        (reply(502, b"<h1>Bad\x00 Gateway</h1>"), "<h1>Bad Gateway</h1>"),
        (reply(502, b"x" * 5000), "x" * LONGEST_ANSWER),
        (answering(b""), ""),
    ],
    ids=["refused", "accepted", "a page", "long", "no answer"],
)
def test_the_text_of_the_answer_is_kept(script: Script, kept: str, settings: Settings) -> None:
    with serving(script) as url:
        settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": url, "READ_TIMEOUT": 0.5}
        (pixel,) = conf.pixels().values()
        sent = test_events.send(test_events.sample("Lead", page=PAGE), pixel, "TEST12345")
    http.session().close()

    batch = Batch.objects.get()
    assert (batch.answer_text, batch.test_event_code) == (kept, "TEST12345")
    assert sent.answer is not None
    assert "h1" not in repr(sent.answer)
