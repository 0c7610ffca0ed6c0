"""Record what customers do.

    from django_capi.tracking import track

    track("Lead", request=request, custom_data={"value": 20, "currency": "EUR"})

Inside a transaction, `track()` stores the event in that transaction. Outside of one, the events of a request are stored
together when its response is finished. An error here never breaks the site's request.
"""

from __future__ import annotations

from django_capi.tracking.api import atrack, track
from django_capi.tracking.captured import acapture_visitor, capture_visitor
from django_capi.tracking.page import current_request

__all__ = ["acapture_visitor", "atrack", "capture_visitor", "current_request", "track"]
