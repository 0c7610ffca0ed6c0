"""Read the arguments of `track()`, and raise InvalidEvent for those that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from math import isfinite
from operator import index
from typing import Final, SupportsIndex, TypeVar
from uuid import UUID, uuid4

from django.utils import timezone

from django_capi.conf import conf
from django_capi.meta import personal
from django_capi.meta.events import AppData, CustomData, InvalidEvent, OriginalEventData, UserData
from django_capi.requests import visitor
from django_capi.tracking import hints
from django_capi.types import AppDataDict, OriginalEventDict

Name = TypeVar("Name", bound=StrEnum)
T = TypeVar("T")

LATEST: Final = 253_370_764_800  # the beginning of the year 9999: a deadline must come after it
MILLISECONDS: Final = 100_000_000_000  # in seconds it would be the year 5138


def unix_seconds(value: object, field: str = "event_time") -> int:
    """Unix seconds from a `datetime` (a naive one is in the current time zone), an int or a float."""
    if type(value) is int:  # the usual type; isinstance() with the protocol below is slow
        seconds = value
    elif isinstance(value, datetime):
        aware = timezone.make_aware(value) if timezone.is_naive(value) else value
        seconds = int(aware.timestamp())
    elif isinstance(value, float) and isfinite(value):
        seconds = int(value)
    elif isinstance(value, SupportsIndex) and not isinstance(value, bool):
        seconds = index(value)
    else:
        raise InvalidEvent(field, "must be a datetime or Unix seconds, such as time.time()")
    if seconds >= MILLISECONDS:
        raise InvalidEvent(field, "must be in Unix seconds, not milliseconds: divide by 1000")
    if not 0 <= seconds <= LATEST:
        raise InvalidEvent(field, "must be in Unix seconds")
    return seconds


def one_of(names: type[Name], value: str, field: str) -> Name:
    try:
        return names(value)
    except ValueError:
        raise InvalidEvent(field, f"must be one of {', '.join(names)}") from None


def yes_or_no(value: object, field: str) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise InvalidEvent(field, "must be True, False or None")
    return value


def id_from(value: str | UUID | None) -> str:
    """The given id, or a random one."""
    return str(value) if isinstance(value, UUID) else without_contact_data(value, "event_id") or new_id()


def without_contact_data(value: T, field: str) -> T:
    """Return the value. Ids are sent unhashed, so they must not hold an e-mail address."""
    if isinstance(value, str) and personal.holds_contact_data(value):
        raise InvalidEvent(field, "must not hold an e-mail address or a telephone number: it is sent unhashed")
    return value


def new_id() -> str:
    return uuid4().hex


def custom_data_from(raw: Mapping[str, object]) -> CustomData:
    """Normalise the data; under RESTRICT_DATA, leave out properties of the site's own."""
    hints.warn_of_custom_data(mapping(raw, "custom_data"))
    found = CustomData.from_raw(raw)
    return replace(found, properties=None) if conf.RESTRICT_DATA and found.properties else found


def user_data_from(raw: Mapping[str, object]) -> UserData:
    hints.warn_of_user_data(mapping(raw, "user_data"))
    return UserData.from_raw(raw, default_region=conf.DEFAULT_REGION)


def app_data_from(raw: AppData | AppDataDict | None) -> AppData | None:
    return raw if raw is None or isinstance(raw, AppData) else AppData.from_raw(mapping(raw, "app_data"))


def original_from(raw: OriginalEventData | OriginalEventDict | None) -> OriginalEventData | None:
    if raw is None or isinstance(raw, OriginalEventData):
        return raw
    values = dict(mapping(raw, "original_event_data"))
    if values.get("event_time") is not None:
        values["event_time"] = unix_seconds(values["event_time"], "original_event_data.event_time")
    for name in ("event_id", "order_id"):
        without_contact_data(values.get(name), f"original_event_data.{name}")
    return OriginalEventData.from_raw(values)


def address_from(url: str | None) -> str | None:
    """The page's address without what must not be sent."""
    reduced = visitor.reduced(url) if isinstance(url, str) else None
    if url is not None and reduced is None:
        raise InvalidEvent("url", 'must be the full address of a page, such as "https://shop.example.com/thanks/"')
    return reduced


def mapping(value: Mapping[str, object], field: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise InvalidEvent(field, "must be a dict")
    return value
