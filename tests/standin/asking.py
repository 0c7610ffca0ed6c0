"""Ask a running stand-in over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

PIXEL = "1234567890123456"
EVENTS = f"/v26.0/{PIXEL}/events"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON_DOCUMENT = {"Content-Type": "application/json"}
TOKEN = {"Authorization": "Bearer any-token"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(
    url: str,
    path: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 20,
) -> Answer:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return Answer(status=response.status, headers=dict(response.headers.items()), body=response.read())
    finally:
        connection.close()


def post_json(url: str, path: str, value: object, *, headers: Mapping[str, str] = TOKEN, timeout: float = 20) -> Answer:
    body = json.dumps(value).encode()
    return ask(url, path, method="POST", body=body, headers={**JSON_DOCUMENT, **headers}, timeout=timeout)


def post_form(url: str, path: str, fields: Mapping[str, str]) -> Answer:
    return ask(url, path, method="POST", body=urlencode(fields).encode(), headers=FORM)


def send(url: str, *events: object) -> Answer:
    return post_json(url, EVENTS, {"data": list(events)})


def seen(url: str) -> Any:
    return ask(url, "/_seen.json").json
