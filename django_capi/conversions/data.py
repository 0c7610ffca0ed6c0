"""Ask a conversion for its data and make it what Meta takes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone

from django_capi import hooks, tracking
from django_capi.conf import conf
from django_capi.conversions.base import Conversion, ask
from django_capi.meta.events import CustomData, UserData

logger = logging.getLogger("django_capi")


@dataclass(frozen=True, kw_only=True, slots=True)
class Data:
    """The conversion's own part of the event, normalised."""

    custom_data: CustomData
    user_data: UserData
    event_time: int | None  # Unix seconds; None: the object does not know
    failed: tuple[str, ...]  # the methods that raised

    @property
    def left_out(self) -> tuple[str, ...]:
        items = (*self.user_data.left_out, *self.custom_data.left_out)
        return (*(f"{name}:raised" for name in self.failed), *(f"{item.key}:{item.reason}" for item in items))


def data_of(conversion: Conversion[Any], obj: Model) -> Data:
    """What the object says now. A method that raises costs its own part."""
    failed: list[str] = []
    custom_data = mapping(conversion, "custom_data", obj, failed)
    user_data = mapping(conversion, "user_data", obj, failed)
    return Data(
        custom_data=tracking.custom_data_from(custom_data),
        user_data=UserData.from_raw(user_data, default_region=conf.DEFAULT_REGION),
        event_time=time_of(conversion, obj),
        failed=tuple(failed),
    )


def mapping(conversion: Conversion[Any], hook: str, obj: Model, failed: list[str]) -> Mapping[str, object]:
    try:
        found = ask(conversion, hook, obj)
    except hooks.Failed:
        failed.append(hook)
        return {}
    return found if isinstance(found, Mapping) else {}


def time_of(conversion: Conversion[Any], obj: Model) -> int | None:
    """When it happened by the object's own account, in Unix seconds."""
    try:
        found = ask(conversion, "event_time", obj)
    except hooks.Failed:
        return None
    if isinstance(found, datetime):
        return int((found if timezone.is_aware(found) else timezone.make_aware(found)).timestamp())
    if isinstance(found, float) and found.is_integer():
        return int(found)
    if found is None or (isinstance(found, int) and not isinstance(found, bool)):
        return found
    logger.error(
        "%s.event_time() must return a datetime, Unix seconds or None, not %s.",
        type(conversion).__name__,
        type(found).__name__,
    )
    return None


def warn_if_empty(conversion: Conversion[Any], object_ref: str, data: Data) -> None:
    """A purchase of nothing is nearly always an order that was saved before its lines."""
    if conversion.event_name != "Purchase" or "custom_data" in data.failed:
        return
    said = data.custom_data.payload()
    if not said.get("value") and not said.get("contents") and not said.get("content_ids"):
        logger.warning(
            "Purchase of %s has neither a value nor contents. Save the order and its lines in one "
            "transaction.atomic(), or save the lines first and then the order as paid.",
            object_ref,
        )
