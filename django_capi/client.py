"""A finished request body comes in, Meta's verdict goes out. The only module that opens a socket to Meta.

POST <GRAPH_URL>/<version>/<pixel>/events with the token in the Authorization header: a URL ends up in proxies'
logs. https://developers.facebook.com/docs/marketing-api/conversions-api/using-the-api
"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import dataclass, field
from typing import Protocol

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from django_capi.conf import Pixel, conf
from django_capi.meta import verdicts

NOT_SENT = (ConnectTimeoutError, NameResolutionError, NewConnectionError, ProxyError, SSLError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The verdict, and the HTTP status it was read from (None: no answer came)."""

    verdict: verdicts.Verdict
    status: int | None = None


class Client(Protocol):
    """Anything that can take a body to a pixel."""

    def post(self, pixel: Pixel, body: str) -> Answer: ...


class GraphClient:
    """Meta's Graph API over a kept-alive session, one per process and thread."""

    def post(self, pixel: Pixel, body: str) -> Answer:
        try:
            response = session().post(
                f"{conf.GRAPH_URL.rstrip('/')}/{conf.API_VERSION}/{pixel.pixel_id}/events",
                data=body.encode(),
                headers={
                    "Authorization": f"Bearer {pixel.access_token.reveal()}",
                    "Content-Type": "application/json",
                },
                timeout=(conf.CONNECT_TIMEOUT, conf.READ_TIMEOUT),
                allow_redirects=False,
            )
        except (requests.RequestException, HTTPError) as error:
            return Answer(verdict=verdicts.unreachable(sent=was_sent(error)))
        verdict = verdicts.judge(status=response.status_code, body=response.text, headers=response.headers)
        return Answer(verdict=verdict, status=response.status_code)


class MemoryClient:
    """Keeps what would have been sent. The sender under every Django test runner."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []

    def post(self, pixel: Pixel, body: str) -> Answer:
        self.sent.append(Sent(pixel_id=pixel.pixel_id, body=body))
        return accepted(body)


class ConsoleClient:
    """Prints names and ids, never contact data, and accepts everything. For development without a token."""

    def post(self, pixel: Pixel, body: str) -> Answer:
        for event in json.loads(body)["data"]:
            keys = ", ".join(sorted(event["user_data"]))
            sys.stdout.write(f"capi {pixel.pixel_id} {event['event_name']} {event.get('event_id')} ({keys})\n")
        return accepted(body)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A request that the memory sender took."""

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
    return Answer(verdict=verdicts.judge(status=200, body=answer), status=200)


def was_sent(error: Exception) -> bool:
    """False only when the body cannot have left this machine: everything else may have been taken."""
    if isinstance(error, requests.ConnectTimeout):
        return False
    if not isinstance(error, requests.ConnectionError):
        return not isinstance(error, ValueError)  # refusals of an address are ValueErrors
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError):
        cause = cause.reason
    return not isinstance(cause, NOT_SENT)


_local = threading.local()


def session() -> requests.Session:
    """This thread's session. A forked child makes its own: two processes must not share a socket."""
    if getattr(_local, "pid", None) != os.getpid():
        _local.session = requests.Session()
        _local.session.trust_env = False
        _local.pid = os.getpid()
    found: requests.Session = _local.session
    found.proxies = dict(conf.PROXIES)
    return found
