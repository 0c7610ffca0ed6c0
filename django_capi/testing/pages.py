"""Read the events that a page's script will fire."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse

from django_capi.browser.blocks import CONFIG_ID

BLOCK = re.compile(r'<script id="(capi-[a-z0-9-]+)" type="application/json">(.*?)</script>', re.DOTALL)


def page_events(response: HttpResponse) -> list[dict[str, Any]]:
    """The events that the page's script will fire. Those without an `event_id` get theirs in the browser."""
    found: list[dict[str, Any]] = []
    for name, content in blocks(response):
        found += content["events"] if name == CONFIG_ID else [content]
    return found


def has_pixel(response: HttpResponse) -> bool:
    return any(name == CONFIG_ID for name, _ in blocks(response))


def blocks(response: HttpResponse) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, text in BLOCK.findall(response.content.decode(response.charset)):
        yield name, json.loads(text)
