"""An action of a customer, and how it is stored as an event."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django_capi.conf import Pixel
from django_capi.consent import Consent
from django_capi.database import alias, transactions
from django_capi.database.retry import defer_on_conflict, reconnecting
from django_capi.delivery.nudge import nudge
from django_capi.ledger import store as ledger
from django_capi.ledger import withdrawal
from django_capi.meta import rules
from django_capi.meta.events import (
    ActionSource,
    AppData,
    CustomData,
    Event,
    InvalidEvent,
    MessagingChannel,
    OriginalEventData,
    UserData,
)
from django_capi.models import BrowserState, Origin
from django_capi.requests.visitor import Visitor
from django_capi.tracking import hints
from django_capi.tracking.arguments import unix_seconds

LONGEST: Final = {"event_name": 50, "event_id": 100}  # characters, as in the table
# Limited Data Use. With 0 and 0 Meta determines country and state itself.
# https://developers.facebook.com/docs/marketing-apis/data-processing-options
LIMITED_DATA_USE: Final = {
    "data_processing_options": ("LDU",),
    "data_processing_options_country": 0,
    "data_processing_options_state": 0,
}
OPTIONAL: Final = ("app_data", "original_event_data", "messaging_channel", "opt_out")  # of an action and of an event


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """Something a customer did, with normalised data and the id that both copies carry."""

    event_name: str
    event_id: str
    event_time: int  # Unix seconds; the other types that `unix_seconds()` takes are converted
    custom_data: CustomData
    user_data: UserData = field(default_factory=UserData)
    action_source: ActionSource = ActionSource.WEBSITE
    origin: Origin = Origin.TRACK
    object_ref: str = ""
    expires: int = 0  # Unix seconds after which the browser must not fire it any more; 0: never
    pixel_ids: tuple[str, ...] = ()  # of the browser copy; empty: every pixel of the page
    event_source_url: str | None = field(default=None, repr=False)  # None: the visitor's page
    app_data: AppData | None = field(default=None, repr=False)
    original_event_data: OriginalEventData | None = field(default=None, repr=False)
    messaging_channel: MessagingChannel | None = None
    opt_out: bool | None = None

    def __post_init__(self) -> None:
        """Refuse here what the table cannot hold: in the INSERT it would make the other events fail, too."""
        for name, longest in LONGEST.items():
            if not is_storable(name, getattr(self, name)):
                raise InvalidEvent(name, f"must be a string of 1 to {longest} characters, all of them printable")
        object.__setattr__(self, "event_time", unix_seconds(self.event_time))
        hints.warn_of_event_name(self.event_name)


def is_storable(column: str, value: object) -> bool:
    """True if the column `event_name` or `event_id` can hold the value."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST[column] and is_plain(value)


def is_plain(text: str) -> bool:
    return text.isprintable() and text == text.strip()


def entry_of(action: Action, visitor: Visitor, *, browser_state: BrowserState = BrowserState.NONE) -> ledger.EventEntry:
    """The action as an event for the ledger, with what is known of the visitor."""
    known = visitor.user_data()
    missing = (*known.left_out, *action.user_data.left_out, *action.custom_data.left_out)
    return ledger.EventEntry(
        event=event_of(action, visitor, known.merged(action.user_data)),
        consent=visitor.consent,
        origin=action.origin,
        object_ref=action.object_ref,
        browser_state=browser_state,
        decided_at=visitor.decided_at,
        test_event_code=visitor.test_event_code or "",
        left_out=(*visitor.left_out, *(f"{item.key}:{item.reason}" for item in missing)),
    )


def event_of(action: Action, visitor: Visitor, user_data: UserData) -> Event:
    rare: dict[str, Any] = {name: getattr(action, name) for name in OPTIONAL}
    rare["event_source_url"] = action.event_source_url or visitor.event_source_url
    rare["referrer_url"] = None if action.event_source_url else visitor.referrer_url
    if visitor.consent is Consent.LIMITED:
        rare |= LIMITED_DATA_USE
    return Event(
        event_name=action.event_name,
        event_id=action.event_id,
        event_time=rules.clamp_event_time(action.event_time, now=int(time.time())),
        action_source=action.action_source,
        user_data=user_data,
        custom_data=action.custom_data,
        **{name: value for name, value in rare.items() if value is not None},
    )


def write(entries: Sequence[ledger.EventEntry], pixels: Sequence[Pixel]) -> None:
    """Store the events and wake a worker; after the commit if the caller's transaction cannot be serialized with it.

    The connection may have been lost since the request began. The events keep their ids, so none is stored twice.
    """
    storing = partial(store, entries, pixels)
    defer_on_conflict(partial(reconnecting, storing), later=storing)


def store(entries: Sequence[ledger.EventEntry], pixels: Sequence[Pixel]) -> None:
    """Store the events, and wake a worker when the transaction commits."""
    if ledger.store(withdrawal.mark_withdrawn(entries), pixels):
        on_commit(nudge)


def on_commit(function: Callable[[], object]) -> None:
    """Call the function when the ledger's transaction commits; never where Django cannot see the commit."""
    transactions.on_commit(function, alias=alias.using())


def is_in_transaction() -> bool:
    """True when the caller may still roll back what is written now."""
    return transactions.is_in_transaction(alias.using())
