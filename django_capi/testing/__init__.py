"""Test what a site tracks.

Under Django's test runner and pytest-django nothing is sent: `deliver_now()` puts it in `outbox`.

    from django_capi.testing import assert_tracked

    def test_checkout_tracks_a_purchase(client, capi_events):
        client.post("/checkout/", {"sku": "tea"})
        assert_tracked("Purchase", value=20, currency="EUR")

The fixture `capi_events` comes with this package. Without pytest use `with capture_events() as events:`.
"""

from __future__ import annotations

from django_capi.testing.assertions import assert_mirrored, assert_nothing_tracked, assert_tracked
from django_capi.testing.clients import BROWSER_AGENT, BrowserClient
from django_capi.testing.events import CapturedEvents, capture_events, deliver_now, outbox, tracked
from django_capi.testing.pages import page_events

__all__ = [
    "BROWSER_AGENT",
    "BrowserClient",
    "CapturedEvents",
    "assert_mirrored",
    "assert_nothing_tracked",
    "assert_tracked",
    "capture_events",
    "deliver_now",
    "outbox",
    "page_events",
    "tracked",
]
