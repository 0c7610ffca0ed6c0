"""Build events as the Conversions API accepts them from the values that a site holds."""

from __future__ import annotations

from django_capi.meta.events.app import AppData, OriginalEventData
from django_capi.meta.events.contents import Content
from django_capi.meta.events.custom import CustomData
from django_capi.meta.events.event import Event
from django_capi.meta.events.names import (
    MESSAGING_EVENTS,
    PAGE_VIEW,
    PURCHASE,
    STANDARD_EVENTS,
    ActionSource,
    CustomerSegmentation,
    DeliveryCategory,
    InvalidEvent,
    MessagingChannel,
)
from django_capi.meta.events.user import USER_DATA_KEYS, UserData
from django_capi.meta.left_out import LeftOut, Reason

__all__ = [
    "MESSAGING_EVENTS",
    "PAGE_VIEW",
    "PURCHASE",
    "STANDARD_EVENTS",
    "USER_DATA_KEYS",
    "ActionSource",
    "AppData",
    "Content",
    "CustomData",
    "CustomerSegmentation",
    "DeliveryCategory",
    "Event",
    "InvalidEvent",
    "LeftOut",
    "MessagingChannel",
    "OriginalEventData",
    "Reason",
    "UserData",
]
