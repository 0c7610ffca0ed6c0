"""Reads the data blocks of a rendered page."""

from __future__ import annotations

import json
import re
from typing import Any

BLOCK = re.compile(r'<script id="(capi-[a-z0-9-]+)" type="application/json">(.*?)</script>', re.DOTALL)


def blocks(response: Any) -> list[tuple[str, Any]]:
    return [(name, json.loads(text)) for name, text in BLOCK.findall(response.content.decode())]


def config(response: Any) -> dict[str, Any]:
    found: dict[str, Any] = dict(blocks(response))["capi-config"]
    return found


def events(response: Any) -> dict[str, dict[str, Any]]:
    """Every event of the page by its name."""
    found: list[dict[str, Any]] = []
    for name, content in blocks(response):
        found += content["events"] if name == "capi-config" else [content]
    return {event["event_name"]: event for event in found}
