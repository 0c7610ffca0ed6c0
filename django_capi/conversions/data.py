"""Call a conversion's methods for its data, and normalise what they return."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.db.models import Model

from django_capi import callbacks
from django_capi.conversions.base import Conversion, call_method
from django_capi.meta.events import CustomData, InvalidEvent, UserData
from django_capi.tracking.arguments import custom_data_from, unix_seconds, user_data_from

logger = logging.getLogger("django_capi")

LONGEST_REFERENCE = 64  # characters, as in the table
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Data:
    """The conversion's own part of the event, normalised."""

    custom_data: CustomData
    user_data: UserData
    event_time: int | None  # Unix seconds; None: not known
    failed: tuple[str, ...]  # the methods that raised

    @property
    def left_out(self) -> tuple[str, ...]:
        items = (*self.user_data.left_out, *self.custom_data.left_out)
        return (*(f"{name}:raised" for name in self.failed), *(f"{item.key}:{item.reason}" for item in items))


def data_of(conversion: Conversion[Any], obj: Model) -> Data:
    """The object's data now. Where a method raises an error, its part is empty."""
    failed: list[str] = []
    return Data(
        custom_data=data_from(conversion, "custom_data", obj, custom_data_from, failed),
        user_data=data_from(conversion, "user_data", obj, user_data_from, failed),
        event_time=time_of(conversion, obj),
        failed=tuple(failed),
    )


def data_from(
    conversion: Conversion[Any], hook: str, obj: Model, read: Callable[[Mapping[str, object]], T], failed: list[str]
) -> T:
    """What the method returns, normalised by `read`. A QuerySet or generator in it may raise an error only then."""
    try:
        found = call_method(conversion, hook, obj)
    except callbacks.Failed:
        failed.append(hook)
        return read({})
    if not isinstance(found, Mapping):
        log_problem(conversion, hook, f"must return a dict, not {type(found).__name__}")
        return read({})
    try:
        return cast(T, callbacks.call(read, found))
    except callbacks.Failed as failure:
        log_problem(conversion, hook, f"returned data that raised {failure} when it was read")
        failed.append(hook)
        return read({})


def time_of(conversion: Conversion[Any], obj: Model) -> int | None:
    """What `event_time()` returns, in Unix seconds."""
    try:
        found = call_method(conversion, "event_time", obj)
        return None if found is None else unix_seconds(found)
    except callbacks.Failed:
        return None
    except InvalidEvent as invalid:
        log_problem(conversion, "event_time", f"returned a value that cannot be used: {invalid}")
        return None


def reference_of(conversion: Conversion[Any], obj: Model) -> str:
    """What people call the object; empty if the site does not say, or says what may be an e-mail address."""
    try:
        found = callbacks.call(str, call_method(conversion, "reference", obj) or "").strip()
    except callbacks.Failed:
        return ""
    return found[:LONGEST_REFERENCE] if found.isprintable() and "@" not in found else ""


def log_problem(conversion: Conversion[Any], hook: str, problem: str) -> None:
    logger.error("%s.%s() %s.", type(conversion).__name__, hook, problem)


def warn_if_empty(conversion: Conversion[Any], object_ref: str, data: Data) -> None:
    """A Purchase without a value is nearly always an order that was saved before its lines."""
    if conversion.event_name != "Purchase" or "custom_data" in data.failed:
        return
    payload = data.custom_data.payload()
    if not payload.get("value") and not payload.get("contents") and not payload.get("content_ids"):
        logger.warning(
            "Purchase of %s has neither a value nor contents. Save the order and its lines in one "
            "transaction.atomic(), or save the lines first and then the order as paid.",
            object_ref,
        )
