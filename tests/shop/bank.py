"""The bank's side of the webhook: a body in, the answer of the shop out."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.test import Client

# What the stand-in's bank signs with, unless it is told otherwise.
SECRET = b"corner-bank-demo"
ADDRESS = "/bank/webhook/"


@dataclass(frozen=True, kw_only=True)
class Answer:
    status_code: int
    headers: Mapping[str, str]
    content: dict[str, str]


def notify(client: Client, notice: object) -> Answer:
    """Post a notice with the bank's own signature."""
    body = json.dumps(notice).encode()
    return post(client, body, signature=signature_of(body))


def post(client: Client, body: bytes, *, signature: str) -> Answer:
    headers = {"X-Bank-Signature": signature}
    answer: Any = client.post(ADDRESS, body, content_type="application/json", headers=headers)
    return Answer(status_code=answer.status_code, headers=answer.headers, content=answer.json())


def signature_of(body: bytes) -> str:
    return hmac.new(SECRET, body, hashlib.sha256).hexdigest()
