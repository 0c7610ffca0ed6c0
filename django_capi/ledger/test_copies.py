"""Send an event that Meta did not take as a test event as well. The event itself, and every figure, stay as they are.

The copy is a row of its own under an id of its own, which no page and no object knows. A test event is counted nowhere.
"""

from __future__ import annotations

import secrets
from enum import Enum, auto
from typing import Final

from django.utils import timezone

from django_capi.consent import Consent
from django_capi.database import sequences
from django_capi.database.alias import using
from django_capi.ledger.resend import problem_of
from django_capi.ledger.withdrawal import withdrawn_among
from django_capi.meta import rules, wire
from django_capi.models import RESENDABLE, Event, Origin, Status

PREFIX: Final = "test-"  # of the ids of all test events that staff send
COPIED: Final = (
    "pixel_id", "event_name", "event_time", "action_source", "consent", "consented_at", "value", "currency", "page",
    "browser_family", "rank", "deadline", "match_keys", "left_out", "server_fbp", "server_external_id", "server_ip",
    "server_ip_version",
)  # fmt: skip


class Obstacle(Enum):
    """Why no copy of an event is sent."""

    WITHDRAWN = auto()
    NO_CONSENT = auto()
    NOT_ENDED = auto()  # it waits to be sent, or Meta has it
    NO_PAYLOAD = auto()
    TOO_OLD = auto()
    COPY_WAITS = auto()


def store_copy(pk: int, test_event_code: str) -> Event | Obstacle | rules.Problem:
    """Store a pending copy of the event with this test code, or say why there is none."""
    event = Event.objects.using(using()).get(pk=pk)
    obstacle = obstacle_of(event) or problem_of(event.payload)
    if obstacle is None and copy_waits(event, test_event_code):
        obstacle = Obstacle.COPY_WAITS
    return obstacle or sequences.insert(Event, lambda: create(event, test_event_code), alias=using())


def is_sent_by_staff(event: Event) -> bool:
    """Whether it is a test event with an id of its own. It has no second copy, and is none of another event."""
    return bool(event.test_event_code) and event.event_id.startswith(PREFIX)


def obstacle_of(event: Event) -> Obstacle | None:
    if event.status == Status.WITHDRAWN or withdrawn_among([event.pk]):
        return Obstacle.WITHDRAWN
    if event.consent < Consent.LIMITED:
        return Obstacle.NO_CONSENT
    if event.status not in RESENDABLE:
        return Obstacle.NOT_ENDED
    if not event.payload:
        return Obstacle.NO_PAYLOAD
    return Obstacle.TOO_OLD if event.deadline <= timezone.now() else None


def copy_waits(event: Event, test_event_code: str) -> bool:
    """Whether a copy with this code is still to be sent, such as that of the first click of two."""
    same = {"event_time": event.event_time, "event_name": event.event_name, "pixel_id": event.pixel_id}
    rows = Event.objects.using(using()).filter(**same, event_id__startswith=PREFIX, test_event_code=test_event_code)
    return any(
        wire.with_event_id(payload, event.event_id) == event.payload
        for payload in rows.pending().exclude(payload="").values_list("payload", flat=True)
    )


def create(event: Event, test_event_code: str) -> Event:
    """Insert the copy. Its times are those of the event, so that Meta takes it no longer than the event."""
    event_id = f"{PREFIX}{secrets.token_hex(16)}"
    return Event.objects.using(using()).create(
        **{name: getattr(event, name) for name in COPIED},
        event_id=event_id,
        origin=Origin.TRACK,
        test_event_code=test_event_code,
        due_at=timezone.now(),
        payload=wire.with_event_id(event.payload, event_id),
    )
