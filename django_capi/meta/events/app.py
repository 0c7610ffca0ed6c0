"""What an app knows of its device, and what a late event knows of the first one; two small parts of an event go out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django_capi.meta.events.names import InvalidEvent
from django_capi.meta.wire import JSON

EXTINFO_SLOTS: Final = 16
EXTINFO_PLATFORMS: Final = frozenset({"a2", "i2"})
OS_VERSION_SLOT: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class AppData:
    """`extinfo` is Meta's ordered list of sixteen texts: `a2` or `i2` first, the system's version fifth."""

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
            raise InvalidEvent("app_data.extinfo", "must be a tuple of texts")
        if not isinstance(self.advertiser_tracking_enabled, bool | int):
            raise InvalidEvent("app_data.advertiser_tracking_enabled", "must be true or false")

    def payload(self) -> dict[str, JSON]:
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: _json(value) for name, value in values.items() if value is not None}


@dataclass(frozen=True, kw_only=True, slots=True)
class OriginalEventData:
    """The event that a late one belongs to, such as the subscription that is renewed."""

    event_name: str | None = None
    event_time: int | None = None
    order_id: str | None = None
    event_id: str | None = None

    def __post_init__(self) -> None:
        if self.event_time is not None and type(self.event_time) is not int:
            raise InvalidEvent("original_event_data.event_time", "must be whole Unix seconds")

    def payload(self) -> dict[str, JSON]:
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in values.items() if value is not None}


def _json(value: str | bool | tuple[str, ...]) -> JSON:  # noqa: FBT001
    if isinstance(value, bool):
        return int(value)
    return list(value) if isinstance(value, tuple) else value
