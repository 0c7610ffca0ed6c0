"""Give the browser its copy of an object's conversions, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import Model

from django_capi.conversions import objects
from django_capi.conversions.base import Conversion, conversions_of
from django_capi.conversions.data import data_of
from django_capi.database.alias import using
from django_capi.ledger import marks, snapshots
from django_capi.ledger.store import HELD
from django_capi.meta.events import CustomData, UserData
from django_capi.models import Event, Origin
from django_capi.requests.visitor import session_key
from django_capi.tracking.actions import Action
from django_capi.tracking.arguments import custom_data_from
from django_capi.tracking.page import RequestEvents


def copies(obj: Model, page: RequestEvents) -> Iterator[Action]:
    """The object's conversions that this browser still has to fire. Each is returned once.

    Only for the browser that made the object, and only for a day: Meta would count a later copy again.
    """
    if not page.visitor.consent.is_given or page.is_excluded:
        return
    for conversion in conversions_of(obj):
        object_ref = objects.reference(obj, conversion)
        snapshot = snapshots.find(object_ref)
        if snapshot is None or snapshot.has_withdrawn:
            continue
        if snapshot.is_of(page.visitor, session=session_key(page.request)) is False:
            continue
        taken = marks.take_copy(object_ref, conversion.event_name)
        if taken:
            yield browser_copy(conversion, obj, object_ref, taken)


def browser_copy(conversion: Conversion[Any], obj: Model, object_ref: str, taken: marks.BrowserCopy) -> Action:
    """An action with the data of the server's copy, as the object may have changed since."""
    event_time, custom_data = data_from_ledger(conversion, taken) or data_from_object(conversion, obj)
    return Action(
        event_name=conversion.event_name,
        event_id=taken.event_id,
        event_time=event_time,
        custom_data=custom_data,
        user_data=UserData(),
        origin=Origin.CONVERSION,
        object_ref=object_ref,
        expires=taken.expires,
        pixel_ids=taken.pixel_ids,
    )


def data_from_ledger(conversion: Conversion[Any], taken: marks.BrowserCopy) -> tuple[int, CustomData] | None:
    """None if the payload is deleted already, or the transaction with the object is still open."""
    rows = Event.objects.using(using()).filter(event_id=taken.event_id, event_name=conversion.event_name)
    text = rows.exclude(payload="").exclude(due_at=HELD).values_list("payload", flat=True).first()
    if text is None:
        return None
    payload = json.loads(text)
    return payload["event_time"], custom_data_from(payload.get("custom_data") or {})


def data_from_object(conversion: Conversion[Any], obj: Model) -> tuple[int, CustomData]:
    data = data_of(conversion, obj)
    return data.event_time or 0, data.custom_data
