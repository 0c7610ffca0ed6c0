"""Signals about stored and delivered events.

They carry ids, never contact data. An exception in a receiver is logged by Django and does not reach the caller.
"""

from __future__ import annotations

from django.dispatch import Signal

__all__ = ["event_rejected", "events_accepted", "events_stored", "lane_paused"]

events_stored = Signal()
"""Events were written to the database. Sender: `django_capi.models.Event`.

`pixel_id`: str.
`events`: list of (event_name, event_id). Events that were stored before under the same id are among them.

Sent where the events are stored, once for each pixel. Inside a transaction it is sent in that transaction, before the
commit: use `transaction.on_commit()` for what must not happen after a rollback.
"""

events_accepted = Signal()
"""Meta has accepted the events of a request. Sender: `django_capi.models.Event`.

`pixel_id`: str.
`events`: list of (event_name, event_id).

Sent by the worker, after the new status is committed.
"""

event_rejected = Signal()
"""Meta has refused an event that was sent. Sender: `django_capi.models.Event`.

`pixel_id`, `event_name`, `event_id`, `reason`: str.
`code`, `subcode`: Meta's error code and subcode; int or None.

Sent by the worker, after the new status is committed. Not sent for events that are found invalid before they are sent.
"""

lane_paused = Signal()
"""Delivery for a pixel pauses, for instance because Meta asked for it or the access token is invalid.

Sender: `django_capi.models.Lane`.
`pixel_id`, `reason`: str.
`seconds`: float; how long the pause lasts.

Sent by the worker, after the pause is committed.
"""
