"""Record what customers do.

    from django_capi.tracking import track

    track("Lead", request=request, custom_data={"value": 20, "currency": "EUR"})

Public are `track`, `atrack`, `capture_visitor`, `acapture_visitor` and `current_request`; the other names serve the
rest of the app. `track()` inside a transaction stores at once, in that transaction. Outside of one, the events of a
request are stored together when its response is finished. Whatever fails here, the site's request goes on.
"""

from __future__ import annotations

from django_capi.tracking.actions import Action, entry, is_storable, write
from django_capi.tracking.api import atrack, track
from django_capi.tracking.arguments import custom_data_from, new_id, unix_seconds, user_data_from
from django_capi.tracking.captured import acapture_visitor, capture_visitor
from django_capi.tracking.errors import Quietly
from django_capi.tracking.page import RequestEvents, active_page, current, current_request, events_of

__all__ = [
    "Action",
    "Quietly",
    "RequestEvents",
    "acapture_visitor",
    "active_page",
    "atrack",
    "capture_visitor",
    "current",
    "current_request",
    "custom_data_from",
    "entry",
    "events_of",
    "is_storable",
    "new_id",
    "track",
    "unix_seconds",
    "user_data_from",
    "write",
]
