"""The parts of an event that are rarely needed: `app_data` and `original_event_data`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django_capi.meta.events.names import InvalidEvent
from django_capi.meta.wire import JSON

EXTINFO_SLOTS: Final = 16
EXTINFO_PLATFORMS: Final = frozenset({"a2", "i2"})
OS_VERSION_SLOT: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class AppData:
    """The device of an app event. `extinfo` has sixteen strings in Meta's order, the first of them `a2` or `i2`."""

    advertiser_tracking_enabled: bool
    extinfo: tuple[str, ...]
    application_tracking_enabled: bool | None = None
    campaign_ids: str | None = None
    install_referrer: str | None = None
    installer_package: str | None = None
    url_schemes: tuple[str, ...] | None = None
    windows_attribution_id: str | None = None
    vendor_id: str | None = None

    def __post_init__(self) -> None:
        slots: object = self.extinfo
        if not isinstance(slots, tuple) or not all(isinstance(slot, str) for slot in slots):
            raise InvalidEvent("app_data.extinfo", "must be a tuple of strings; use AppData.from_raw")
        if not isinstance(self.advertiser_tracking_enabled, bool | int):
            raise InvalidEvent("app_data.advertiser_tracking_enabled", "must be true or false")

    @classmethod
    def from_raw(cls, values: Mapping[str, object]) -> AppData:
        """Build from a dict with Meta's names; numbers in `extinfo`, such as the screen width, become strings."""
        given = checked("app_data", values, cls.__slots__, needed=("advertiser_tracking_enabled", "extinfo"))
        for name in SEVERAL & given.keys():
            if not isinstance(given[name], list | tuple):
                raise InvalidEvent(f"app_data.{name}", "must be a list of strings")
            given[name] = tuple("" if one is None else str(one) for one in given[name])
        return cls(**given)

    def payload(self) -> dict[str, JSON]:
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: _json(value) for name, value in values.items() if value is not None}


@dataclass(frozen=True, kw_only=True, slots=True)
class OriginalEventData:
    """The earlier event that this one belongs to, such as the subscription that is renewed."""

    event_name: str | None = None
    event_time: int | None = None
    order_id: str | None = None
    event_id: str | None = None

    def __post_init__(self) -> None:
        if self.event_time is not None and type(self.event_time) is not int:
            raise InvalidEvent("original_event_data.event_time", "must be whole Unix seconds")

    @classmethod
    def from_raw(cls, values: Mapping[str, object]) -> OriginalEventData:
        """Build from a dict with Meta's names; ids may be numbers."""
        given = checked("original_event_data", values, cls.__slots__)
        for name in given.keys() - {"event_time"}:
            given[name] = str(given[name])
        return cls(**given)

    def payload(self) -> dict[str, JSON]:
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in values.items() if value is not None}


SEVERAL: Final = frozenset({"extinfo", "url_schemes"})


def checked(
    part: str, values: Mapping[str, object], names: Collection[str], *, needed: Collection[str] = ()
) -> dict[str, Any]:
    """Return the values that are not None; raise InvalidEvent for unknown names and missing ones."""
    given = {name: value for name, value in values.items() if value is not None}
    if unknown := [name for name in given if name not in names]:
        raise InvalidEvent(part, f"has {len(unknown)} unknown key(s); Meta's are {', '.join(names)}")
    if missing := [name for name in needed if name not in given]:
        raise InvalidEvent(f"{part}.{missing[0]}", "is missing")
    return given


def _json(value: str | bool | tuple[str, ...]) -> JSON:  # noqa: FBT001
    if isinstance(value, bool):
        return int(value)
    return list(value) if isinstance(value, tuple) else value
