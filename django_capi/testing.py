"""What a site's own test suite uses: what was tracked comes out, and assertions about it.

Under Django's test runner and pytest-django nothing is ever sent; the sender keeps what would have gone in `outbox`.

    from django_capi.testing import assert_tracked

    def test_checkout_tracks_a_purchase(client):
        client.post("/checkout/", …)
        assert_tracked("Purchase", value=20, currency="EUR")
"""

from __future__ import annotations

import json
import re
from typing import Any

from django.http import HttpResponse

from django_capi.browser.blocks import CONFIG_ID
from django_capi.delivery.client import SentRequest, memory
from django_capi.delivery.drain import DeliveryReport
from django_capi.models import Event
from django_capi.worker import run

BLOCK = re.compile(r'<script id="(capi-[a-z0-9-]+)" type="application/json">(.*?)</script>', re.DOTALL)

outbox: list[SentRequest] = memory.sent


def tracked(event_name: str | None = None) -> list[dict[str, Any]]:
    """The events of the ledger as they would be sent, oldest first; of one name when given."""
    rows = Event.objects.order_by("pk")
    if event_name is not None:
        rows = rows.filter(event_name=event_name)
    return [json.loads(payload) for payload in rows.exclude(payload="").values_list("payload", flat=True)]


def assert_tracked(event_name: str, *, times: int = 1, **custom_data: object) -> None:
    """The event was tracked so often, with at least this custom data. Numbers compare by value."""
    found = [event for event in tracked(event_name) if carries(event, custom_data)]
    every = ", ".join(sorted({event["event_name"] for event in tracked()})) or "nothing"
    assert len(found) == times, (  # noqa: S101  # a test's own assertion
        f"{event_name} with {custom_data} was tracked {len(found)} times, not {times}; "
        f"{len(tracked(event_name))} times with any data. Tracked at all: {every}."
    )


def assert_nothing_tracked() -> None:
    found = tracked()
    assert not found, f"Tracked: {', '.join(event['event_name'] for event in found)}."  # noqa: S101


def assert_mirrored(response: HttpResponse) -> None:
    """Every event in the page has its server copy under the same name and id."""
    stored = set(Event.objects.values_list("event_name", "event_id"))
    alone = [event for event in page_events(response) if (event["event_name"], event["event_id"]) not in stored]
    names = ", ".join(event["event_name"] for event in alone)
    assert not alone, f"In the page, and not in the ledger: {names}."  # noqa: S101


def page_events(response: HttpResponse) -> list[dict[str, Any]]:
    """The events that the page's script will fire."""
    found: list[dict[str, Any]] = []
    for name, text in BLOCK.findall(response.content.decode(response.charset)):
        content = json.loads(text)
        found += content["events"] if name == CONFIG_ID else [content]
    return found


def deliver_now() -> DeliveryReport:
    """Send what is due to the outbox, as a worker would."""
    return run()


def carries(event: dict[str, Any], custom_data: dict[str, object]) -> bool:
    found = event.get("custom_data", {})
    wanted = json.loads(json.dumps(custom_data, default=float))
    return all(key in found and found[key] == value for key, value in wanted.items())
