"""Post a finished request body to Meta, and judge the answer.

POST <GRAPH_URL>/<version>/<pixel>/events with the token in the Authorization header: a URL ends up in proxies'
logs. https://developers.facebook.com/docs/marketing-api/conversions-api/using-the-api
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import Protocol

from django_capi.conf import Pixel, conf
from django_capi.delivery import http
from django_capi.delivery.http import Failure, Trouble
from django_capi.meta import verdicts


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The verdict on an answer, its HTTP status, None if no answer came, and the row of the request it belongs to."""

    verdict: verdicts.Verdict
    status: int | None = None
    text: str = field(default="", repr=False)  # as it came
    batch_id: int | None = None


class Client(Protocol):
    """A sender: posts a request body for a pixel."""

    def post(self, pixel: Pixel, body: str) -> Answer: ...


def events_url(pixel: Pixel) -> str:
    return f"{conf.GRAPH_URL.rstrip('/')}/{conf.API_VERSION}/{pixel.pixel_id}/events"


class GraphClient:
    """Meta's Graph API over a kept-alive session, one per process and thread."""

    def post(self, pixel: Pixel, body: str) -> Answer:
        answer = http.exchange("POST", events_url(pixel), body=body, token=pixel.access_token)
        if isinstance(answer, Failure):
            return Answer(verdict=unanswered(answer))
        verdict = verdicts.judge(status=answer.status, body=answer.body, headers=answer.headers)
        return Answer(verdict=verdict, status=answer.status, text=answer.body)


class MemoryClient:
    """Keeps requests in memory. The sender under every Django test runner."""

    def __init__(self) -> None:
        self.sent: list[SentRequest] = []

    def post(self, pixel: Pixel, body: str) -> Answer:
        self.sent.append(SentRequest(pixel_id=pixel.pixel_id, body=body))
        return accepted(body)


class ConsoleClient:
    """Prints names and ids, never contact data, and accepts every event. For development without a token."""

    def post(self, pixel: Pixel, body: str) -> Answer:
        for event in json.loads(body)["data"]:
            keys = ", ".join(sorted(event["user_data"]))
            sys.stdout.write(f"capi {pixel.pixel_id} {event['event_name']} {event.get('event_id')} ({keys})\n")
        return accepted(body)


@dataclass(frozen=True, kw_only=True, slots=True)
class SentRequest:
    """A request that the memory sender has kept."""

    pixel_id: str
    body: str = field(repr=False)

    @property
    def events(self) -> list[dict[str, object]]:
        events: list[dict[str, object]] = json.loads(self.body)["data"]
        return events


memory = MemoryClient()


def client() -> Client:
    """The sender that `CAPI["SENDER"]` names."""
    senders: dict[str, Client] = {"graph": GraphClient(), "console": ConsoleClient(), "memory": memory}
    return senders[conf.sender()]


def accepted(body: str) -> Answer:
    answer = json.dumps({"events_received": len(json.loads(body)["data"])})
    return Answer(verdict=verdicts.judge(status=200, body=answer), status=200, text=answer)


def unanswered(failure: Failure) -> verdicts.Verdict:
    if failure.trouble is Trouble.UNFORESEEN:
        return verdicts.broken(error=failure.error, sent=failure.sent)
    if failure.trouble is Trouble.BUNDLE:
        return verdicts.without_bundle()
    if failure.trouble is Trouble.CERTIFICATE and not failure.sent:
        return verdicts.untrusted()
    return verdicts.unreachable(sent=failure.sent)
