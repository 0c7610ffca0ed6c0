"""Post reports to the collector as the page's script does."""

from __future__ import annotations

import json
from typing import Any, Final

from django.test import Client

PIXEL_ID: Final = "1234567890123456"
MINTED: Final = "0123456789abcdef0123456789abcdef"


def receipt(event_name: str, event_id: str, **changes: Any) -> dict[str, Any]:
    """An item for an event whose id the server made."""
    return {"event_name": event_name, "event_id": event_id, "pixels": [PIXEL_ID], "state": "fired", **changes}


def mirrored(event_name: str, event_id: str = MINTED, **changes: Any) -> dict[str, Any]:
    """An item for an event whose id the browser made."""
    return receipt(event_name, event_id, mirror=True, **changes)


def post(client: Client, *items: object, **headers: Any) -> Any:
    body = json.dumps({"events": list(items), "url": "http://testserver/page/"})
    return client.post("/capi/collect/", body, content_type="application/json", **headers)


def refused(answer: Any) -> dict[int, str]:
    """The reasons by the index of the item."""
    if answer.status_code == 204:
        return {}
    assert answer.status_code == 200
    return {entry["index"]: entry["reason"] for entry in answer.json()["refused"]}
