"""The event object of Meta's `/events` edge."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from django_capi.meta.events.app import AppData, OriginalEventData
from django_capi.meta.events.custom import CustomData
from django_capi.meta.events.names import ActionSource, InvalidEvent, MessagingChannel
from django_capi.meta.events.user import UserData
from django_capi.meta.wire import JSON

NO_USER_DATA: Final = UserData()
NO_CUSTOM_DATA: Final = CustomData()


@dataclass(frozen=True, kw_only=True)
class Event:
    """One customer action as Meta receives it; `rules.check` lists what Meta would refuse."""

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

    if not TYPE_CHECKING:  # type checkers use the signature that the fields give

        def __init__(self, **given: object) -> None:
            for name, value in given.items():
                if type(value) is not _type_of(name):
                    given = {name: value for name, value in given.items() if _fits(name, value)}
                    break
            if "event_name" not in given or "event_time" not in given:
                raise InvalidEvent("event_time" if "event_name" in given else "event_name", "is missing")
            if not given["event_name"].strip():
                raise InvalidEvent("event_name", "must not be empty")
            # Absent fields are left to the defaults of the class. The generated __init__ takes three times as long.
            _set(self, "__dict__", given)

    def payload(self) -> dict[str, JSON]:
        """Return what is present, under Meta's names."""
        made: dict[str, JSON] = self.__dict__.copy()
        made["action_source"] = _PLAIN_STRINGS[self.action_source]
        made["user_data"] = self.user_data.payload()
        made["custom_data"] = self.custom_data.payload()
        if not made["custom_data"]:
            del made["custom_data"]
        if not _RARE.isdisjoint(made):
            made |= {name: _rare(made[name]) for name in _RARE if name in made}
        return made


def _rare(part: object) -> JSON:
    if isinstance(part, AppData | OriginalEventData):
        return part.payload()
    return list(part) if isinstance(part, tuple) else str(part)


_PLAIN_STRINGS: Final = {source: source.value for source in ActionSource}
_RARE: Final = frozenset({"data_processing_options", "messaging_channel", "original_event_data", "app_data"})
KINDS: Final[dict[str, type]] = {
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
}
_type_of = KINDS.get
_set = object.__setattr__
_NEVER_NONE: Final = frozenset({"event_name", "event_time", "action_source", "user_data", "custom_data"})
_TYPE_NAMES: Final = {str: "a string", int: "a whole number", bool: "true or false", tuple: "a tuple of strings"}


def _fits(name: str, value: object) -> bool:
    """Whether to store the value. None means the default; a wrong type raises InvalidEvent."""
    type_ = KINDS.get(name)
    if type_ is None:
        raise InvalidEvent("event", "has no such field")
    if type(value) is type_:
        return True
    if value is None and name not in _NEVER_NONE:
        return False
    if issubclass(type_, StrEnum):
        fits = value in type_.__members__.values()
    else:
        fits = isinstance(value, type_) and not isinstance(value, bool)
    if not fits:
        raise InvalidEvent(name, f"must be {_name_of(type_)}")
    return True


def _name_of(type_: type) -> str:
    return f"one of {', '.join(type_)}" if issubclass(type_, StrEnum) else _TYPE_NAMES.get(type_, type_.__name__)
