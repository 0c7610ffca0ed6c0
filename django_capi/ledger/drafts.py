"""Complete events that were stored inside a transaction, before they are first sent.

A shop saves an order before its lines, in one transaction. The event is stored with the order, and is not due until
its data has been read again from what was committed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, DateTimeField, F, QuerySet, Value, When
from django.utils import timezone

from django_capi.clock import Now
from django_capi.database.alias import using
from django_capi.ledger import store
from django_capi.ledger.store import HELD
from django_capi.meta import rules, wire
from django_capi.models import BrowserState, Event


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Changes:
    """The parts of the payload as they are after the commit. Keys that `user_data` lacks stay as they were stored."""

    custom_data: Mapping[str, Any]
    user_data: Mapping[str, Any]
    event_time: int | None  # Unix seconds; None: unchanged
    left_out: tuple[str, ...]


def drafts(event_name: str, event_id: str) -> QuerySet[Event]:
    """Return the rows of this event that are drafts, and so have never been sent."""
    rows = Event.objects.using(using()).pending()
    return rows.filter(event_id=event_id, event_name=event_name, due_at=HELD)


def release(event_name: str, event_id: str, changes: Changes | None) -> None:
    """Make the event due with the changed payload, or reject it if Meta would refuse it."""
    rows = drafts(event_name, event_id)
    text = rows.values_list("payload", flat=True).first()
    if text is None:
        return
    payload = json.loads(text)
    columns: dict[str, Any] = {"due_at": timezone.now(), "changed_at": Now()}
    if changes:
        payload |= changed(payload, changes)
        columns |= changed_columns(payload, changes)
    refusal = store.refused(payload, timezone.now())
    if refusal:
        columns |= store.refusal_columns(refusal, timezone.now())
    rows.update(**columns)


def changed(payload: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    """Return the changed parts of the payload."""
    now = int(timezone.now().timestamp())
    event_time = payload["event_time"] if changes.event_time is None else changes.event_time
    return {
        "custom_data": dict(changes.custom_data),
        "user_data": {**payload["user_data"], **changes.user_data},
        "event_time": rules.clamp_event_time(event_time, now=now),
    }


def changed_columns(payload: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    user_data = payload["user_data"]
    columns = {
        "payload": wire.dumps(payload),
        **store.money(payload.get("custom_data")),
        "match_keys": store.match_keys(user_data),
        "left_out": " ".join(changes.left_out)[:250],
        "server_external_id": store.digest(user_data.get("external_id")),
    }
    if changes.event_time is not None:
        deadline = store.deadline_of(payload["action_source"], payload["event_time"])
        columns |= {"event_time": payload["event_time"], "deadline": earlier_if_fired(deadline)}
    return columns


def earlier_if_fired(deadline: datetime) -> Case:
    """The deadline, unless a receipt of the browser copy has set an earlier one already."""
    is_earlier = When(browser_state=BrowserState.FIRED, deadline__lt=deadline, then=F("deadline"))
    return Case(is_earlier, default=Value(deadline), output_field=DateTimeField())


def discard(event_name: str, event_id: str) -> None:
    """Delete the draft of an object that was no conversion when its transaction committed."""
    drafts(event_name, event_id)._raw_delete(using())
