"""What the tests of delivery share: events to send, and what the stand-in says and saw."""

from __future__ import annotations

import json
from typing import Any

import requests

from django_capi.delivery import lanes
from django_capi.models import Event, Lane, Status
from django_capi.tracking import track
from example_project.standin.server import Running

TOKEN = "test-token-0123456789"


def answer(meta: Running, **control: Any) -> None:
    requests.post(f"{meta.url}/_control", json=control, timeout=5).raise_for_status()


def seen(meta: Running) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{meta.url}/_seen.json", timeout=5).json()["server"]
    return found


def lead(number: int = 1, **options: Any) -> Event:
    """A stored event that Meta takes."""
    event_id = track(
        "Lead", event_id=f"lead-{number:08}", user_data={"em": f"visitor{number}@example.com"}, consent=True, **options
    )
    return Event.objects.get(event_id=event_id)


def poisoned(number: int) -> Event:
    """A stored event that Meta refuses, though it looked well when it was stored."""
    event = lead(number)
    payload = {**json.loads(event.payload), "user_data": {"em": "not hashed"}}
    Event.objects.filter(pk=event.pk).update(payload=json.dumps(payload))
    return event


def status(event: Event) -> Status:
    event.refresh_from_db()
    return Status(event.status)


def forget_pauses() -> None:
    lanes.resume([lane.pk for lane in Lane.objects.all()])
