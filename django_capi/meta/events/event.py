"""The parts of one customer action come in; the event object of Meta's `/events` edge goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from django_capi.meta.events.app import AppData, OriginalEventData
from django_capi.meta.events.custom import CustomData
from django_capi.meta.events.names import ActionSource, InvalidEvent, MessagingChannel
from django_capi.meta.events.user import UserData
from django_capi.meta.wire import JSON

NO_USER_DATA: Final = UserData()
NO_CUSTOM_DATA: Final = CustomData()


@dataclass(frozen=True, kw_only=True)
class Event:
    """One customer action, as Meta is told of it; `rules.check` says what Meta would refuse in it."""

    event_name: str
    event_time: int
    event_id: str | None = None
    action_source: ActionSource = ActionSource.WEBSITE
    event_source_url: str | None = field(default=None, repr=False)
    referrer_url: str | None = field(default=None, repr=False)
    user_data: UserData = NO_USER_DATA
    custom_data: CustomData = NO_CUSTOM_DATA
    opt_out: bool | None = None
    data_processing_options: tuple[str, ...] | None = None
    data_processing_options_country: int | None = None
    data_processing_options_state: int | None = None
    original_event_data: OriginalEventData | None = None
    app_data: AppData | None = None
    messaging_channel: MessagingChannel | None = None
    attribution_data: Mapping[str, JSON] | None = field(default=None, hash=False)
    advanced_measurement_table: str | None = None

    def __post_init__(self) -> None:
        there = {name: value for name, value in self.__dict__.items() if value is not None}
        for name, value in there.items():
            if type(value) is not _KINDS[name] and not _fits(_KINDS[name], value):
                raise InvalidEvent(name, f"must be {_called(_KINDS[name])}")
        if not there.keys() >= _REQUIRED:
            raise InvalidEvent(min(_REQUIRED - there.keys()), "must be there")
        if not self.event_name.strip():
            raise InvalidEvent("event_name", "must not be empty")
        # What is absent is not stored: the class has the defaults.
        object.__setattr__(self, "__dict__", there)

    def payload(self) -> dict[str, JSON]:
        """Meta's names, only what is there."""
        made = dict(self.__dict__)
        made["action_source"] = ActionSource(self.action_source).value
        made["user_data"] = self.user_data.payload()
        made["custom_data"] = self.custom_data.payload()
        if not made["custom_data"]:
            del made["custom_data"]
        for name in _RARE & made.keys():
            made[name] = _rare(made[name])
        return made


def _rare(part: object) -> JSON:
    if isinstance(part, AppData | OriginalEventData):
        return part.payload()
    return list(part) if isinstance(part, tuple) else str(part)


_RARE: Final = frozenset({"data_processing_options", "messaging_channel", "original_event_data", "app_data"})
_KINDS: Final[dict[str, type]] = {
    "event_name": str,
    "event_time": int,
    "event_id": str,
    "action_source": ActionSource,
    "event_source_url": str,
    "referrer_url": str,
    "user_data": UserData,
    "custom_data": CustomData,
    "opt_out": bool,
    "data_processing_options": tuple,
    "data_processing_options_country": int,
    "data_processing_options_state": int,
    "original_event_data": OriginalEventData,
    "app_data": AppData,
    "messaging_channel": MessagingChannel,
    "attribution_data": Mapping,
    "advanced_measurement_table": str,
}
_REQUIRED: Final = frozenset({"event_name", "event_time", "action_source", "user_data", "custom_data"})
_WORDS: Final = {str: "text", int: "a whole number", bool: "true or false", tuple: "a tuple of texts"}


def _fits(kind: type, value: object) -> bool:
    if issubclass(kind, StrEnum):
        return value in kind.__members__.values()
    return isinstance(value, kind) and not isinstance(value, bool)


def _called(kind: type) -> str:
    return f"one of {', '.join(kind)}" if issubclass(kind, StrEnum) else _WORDS.get(kind, kind.__name__)
