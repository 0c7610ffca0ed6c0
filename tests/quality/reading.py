"""What the tests of Meta's figures share: copies that the stand-in sees, and servers with answers of their own."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from socket import socket
from typing import Any

import requests

from example_project.standin.server import Running
from tests.support.loopback import read_request, serving

PIXEL_ID = "1234567890123456"
TOKEN = "quality-token-that-must-not-leak-0123456789"


def send(meta: Running, *event_ids: str, name: str = "Purchase") -> None:
    """Server copies that the stand-in accepts."""
    event = {
        "event_name": name,
        "event_time": int(time.time()) - 10,
        "action_source": "website",
        "event_source_url": "https://shop.example.com/",
        "user_data": {"em": "a" * 64, "client_user_agent": "Mozilla/5.0", "client_ip_address": "203.0.113.7"},
        "custom_data": {"value": 5, "currency": "EUR"},
    }
    requests.post(
        f"{meta.url}/v26.0/{PIXEL_ID}/events",
        json={"data": [{**event, "event_id": event_id} for event_id in event_ids]},
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=5,
    ).raise_for_status()


def fire(meta: Running, *event_ids: str, name: str = "Purchase") -> None:
    """Browser copies."""
    for event_id in event_ids:
        query = {"id": PIXEL_ID, "ev": name, "eid": event_id}
        requests.get(f"{meta.url}/tr/", params=query, timeout=5).raise_for_status()


def switch(meta: Running, answer: str, **control: Any) -> None:
    requests.post(f"{meta.url}/_control", json={"answer": answer, **control}, timeout=5).raise_for_status()


@contextmanager
def saying(body: bytes, heard: list[bytes], *, status: str = "200 OK", then: Sequence[bytes] = ()) -> Iterator[str]:
    """A server that keeps each request and gives this answer; after it those of `then`, the last one for good."""
    left = deque([body, *then])

    def script(connection: socket) -> None:
        heard.append(read_request(connection))
        answer = left.popleft() if len(left) > 1 else left[0]
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(answer)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + answer)

    with serving(script) as url:
        yield url


def web(*events: object) -> bytes:
    return json.dumps({"web": list(events)}).encode()
