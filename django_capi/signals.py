"""What happened to events, for receivers of the site. Every signal carries ids, never a payload.

`events_stored` and `events_accepted` provide `pixel_id` and `events`, a list of (event_name, event_id).
`event_rejected` provides `pixel_id`, `event_name`, `event_id`, `code`, `subcode`, `reason`.
`lane_paused` provides `pixel_id`, `reason` and `seconds`.
Receivers run inside the transaction that made the change; an exception of theirs is logged and goes no further.
"""

from __future__ import annotations

from django.dispatch import Signal

events_stored = Signal()
events_accepted = Signal()
event_rejected = Signal()
lane_paused = Signal()
