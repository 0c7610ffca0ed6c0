"""Read the data blocks of a rendered page."""

from __future__ import annotations

import json
from typing import Any

from django_capi.testing import page_events
from django_capi.testing.pages import BLOCK


def blocks(response: Any) -> list[tuple[str, Any]]:
    return [(name, json.loads(text)) for name, text in BLOCK.findall(response.content.decode())]


def config(response: Any) -> dict[str, Any]:
    found: dict[str, Any] = dict(blocks(response))["capi-config"]
    return found


def events(response: Any) -> dict[str, dict[str, Any]]:
    """Every event of the page by its name."""
    return {event["event_name"]: event for event in page_events(response)}
