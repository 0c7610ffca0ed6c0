"""An action comes in; a row in the ledger and a copy for the browser go out, both with one id.

`track()` inside a transaction stores at once, in that transaction. Outside of one, the events of a request are
stored together when its response is finished. Whatever fails here, the host's request goes on.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from django_capi import consent as policies
from django_capi import hooks
from django_capi.conf import Pixel, conf
from django_capi.consent import Consent
from django_capi.delivery.nudge import nudge
from django_capi.ledger import apart
from django_capi.ledger import store as ledger
from django_capi.meta import rules
from django_capi.meta.events import ActionSource, CustomData, Event, InvalidEvent, UserData
from django_capi.models import BrowserState, Origin
from django_capi.scope import is_unwanted, pixels_for
from django_capi.visitor import Visitor, from_request, is_crawler

logger = logging.getLogger("django_capi")

LONGEST = {"event_name": 50, "event_id": 100}  # characters, as in the table
LATEST = 253_370_764_800  # the beginning of the year 9999: a deadline must come after it

current: ContextVar[RequestEvents | None] = ContextVar("django_capi_current", default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """Something a customer did, normalised, with the id that both copies carry."""

    event_name: str
    event_id: str
    event_time: int  # Unix seconds
    custom_data: CustomData
    user_data: UserData = field(default_factory=UserData)
    action_source: ActionSource = ActionSource.WEBSITE
    origin: Origin = Origin.TRACK
    object_ref: str = ""
    expires: int = 0  # Unix seconds after which the browser must not fire it any more; 0: never
    pixel_ids: tuple[str, ...] = ()  # of the browser copy; empty: every pixel of the page

    def __post_init__(self) -> None:
        """Refuse what the table cannot hold here: in the INSERT it would take the other events with it."""
        for name, longest in LONGEST.items():
            text = getattr(self, name)
            if not isinstance(text, str) or not 0 < len(text) <= longest or not is_plain(text):
                raise InvalidEvent(name, f"must have 1 to {longest} characters, all of them printable")
        if not 0 <= self.event_time <= LATEST:
            raise InvalidEvent("event_time", "must be in Unix seconds")


def is_plain(text: str) -> bool:
    return text.isprintable() and text == text.strip()


class RequestEvents:
    """What one request tracks: its visitor, the rows that wait for the response, the copies for the browser."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.waiting: list[Action] = []
        self.copies: list[Action] = []
        self.in_transaction: set[str] = set()  # ids whose rows the caller's transaction may still take back
        self.blocks: list[Any] = []
        self.is_finished = False
        self._visitor: Visitor | None = None
        self._is_excluded: bool | None = None

    @property
    def visitor(self) -> Visitor:
        if self._visitor is None:
            self._visitor = from_request(self.request)
        return self._visitor

    @visitor.setter
    def visitor(self, visitor: Visitor) -> None:
        self._visitor = visitor

    @property
    def is_excluded(self) -> bool:
        """Crawlers, clients without an agent, and whom the site's EXCLUDE names: neither copy is made for them."""
        if self._is_excluded is None:
            self._is_excluded = is_crawler(self.visitor.client_user_agent) or is_unwanted(self.request)
        return self._is_excluded

    def add(self, action: Action) -> None:
        """Let it wait for the response; after that (in a streamed page), store it at once."""
        if self.is_finished:
            write([entry(action, self.visitor)], pixels_for(self.request))
        else:
            self.waiting.append(action)

    def kept_copies(self) -> list[Action]:
        """The copies for the browser, but for those whose row a transaction has taken back."""
        lost = self.in_transaction - ledger.present(self.in_transaction) if self.in_transaction else set()
        return [action for action in self.copies if action.event_id not in lost]

    def store(self) -> None:
        """Write what waits, in one INSERT. What cannot be written costs the others nothing."""
        waiting, self.waiting = self.waiting, []
        entries = []
        for action in waiting:
            with Quietly(action.event_name):
                entries.append(entry(action, self.visitor))
        if entries:
            write(entries, pixels_for(self.request))


def track(
    event_name: str,
    *,
    request: HttpRequest | None = None,
    custom_data: Mapping[str, object] | None = None,
    user_data: Mapping[str, object] | None = None,
    event_id: str | None = None,
    event_time: int | None = None,
    action_source: str | None = None,
    consent: bool | None = None,
) -> str | None:
    """Record that a customer did something; the event id, or None when nothing is sent.

    `custom_data` and `user_data` hold raw values under Meta's names (`value`, `currency`, `em`, `ph`, …); they are
    normalised and hashed here. `event_time` is in Unix seconds, now by default. With a request, the visitor's
    address, agent, page, `_fbp` and `_fbc` go with it, the visitor's consent decides, and the browser gets its copy
    with this response or the next page. Without one, say `consent=True`, and the action source is
    `system_generated` unless you name another.

    Never raises, except InvalidEvent when DEBUG is on, and the database's own error when the caller's transaction is
    lost with it.
    https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/server-event
    """
    with Quietly(event_name):
        page = events_of(request) if request is not None else current.get()
        source = action_source or (ActionSource.WEBSITE if page else ActionSource.SYSTEM_GENERATED)
        action = Action(
            event_name=event_name,
            event_id=event_id or new_id(),
            event_time=int(time.time()) if event_time is None else event_time,
            custom_data=custom_data_from(custom_data or {}),
            user_data=UserData.from_raw(user_data or {}, default_region=conf.DEFAULT_REGION),
            action_source=ActionSource(source),
        )
        if page is None:
            return track_alone(action, consent=consent)
        return track_in(page, action)
    return None


async def atrack(event_name: str, **options: Any) -> str | None:
    """`track` for async code. Async code has no transaction of its own: track in the sync function that has it."""
    return await sync_to_async(track)(event_name, **options)


def track_in(page: RequestEvents, action: Action) -> str | None:
    if not page.visitor.consent.is_given or page.is_excluded:
        return None
    if transaction.get_connection(ledger.using()).in_atomic_block:
        write([entry(action, page.visitor)], pixels_for(page.request))
        page.copies.append(action)
        page.in_transaction.add(action.event_id)
        transaction.on_commit(lambda: page.in_transaction.discard(action.event_id), using=ledger.using())
    else:
        apart.after_commit(apart.open_elsewhere(), lambda: wait(page, action))
    return action.event_id


def wait(page: RequestEvents, action: Action) -> None:
    with Quietly(action.event_name):
        page.add(action)
        page.copies.append(action)


def track_alone(action: Action, *, consent: bool | None) -> str | None:
    """An action of nobody's request: the caller answers for the consent."""
    decision = policies.without_request() if consent is None else policies.said(consent=consent)
    if not decision.is_given:
        logger.warning("%s is not sent: no request and no consent. Say track(…, consent=True).", action.event_name)
        return None
    made = entry(action, Visitor(consent=decision))
    apart.after_commit(apart.open_elsewhere(), lambda: write_alone(made))
    return action.event_id


def write_alone(made: ledger.Entry) -> None:
    with Quietly(made.event.event_name):
        write([made], pixels_for(None))


def entry(action: Action, visitor: Visitor, *, browser_state: BrowserState = BrowserState.NONE) -> ledger.Entry:
    """The action as Meta's event, with what is known of the visitor."""
    is_limited = visitor.consent is Consent.LIMITED
    event = Event(
        event_name=action.event_name,
        event_id=action.event_id,
        event_time=rules.clamp_event_time(action.event_time, now=int(time.time())),
        action_source=action.action_source,
        event_source_url=visitor.event_source_url,
        referrer_url=visitor.referrer_url,
        user_data=(known := visitor.user_data()).merged(action.user_data),
        custom_data=action.custom_data,
        # Limited Data Use, 0 and 0: Meta finds out the state itself. Data processing options.
        data_processing_options=("LDU",) if is_limited else None,
        data_processing_options_country=0 if is_limited else None,
        data_processing_options_state=0 if is_limited else None,
    )
    missing = (*known.left_out, *action.user_data.left_out, *action.custom_data.left_out)
    return ledger.Entry(
        event=event,
        consent=visitor.consent,
        origin=action.origin,
        object_ref=action.object_ref,
        browser_state=browser_state,
        left_out=(*visitor.left_out, *(f"{item.key}:{item.reason}" for item in missing)),
    )


def write(entries: Sequence[ledger.Entry], pixels: Sequence[Pixel]) -> None:
    """Store, and wake a worker when the transaction commits."""
    if ledger.store(entries, pixels):
        transaction.on_commit(nudge, using=ledger.using(), robust=True)


def events_of(request: HttpRequest) -> RequestEvents:
    """The request's events; made here when the middleware is not installed, and then stored at once."""
    found: RequestEvents | None = getattr(request, "capi", None)
    if found is None:
        found = RequestEvents(request)
        found.is_finished = True
        request.capi = found  # type: ignore[attr-defined]
    return found


def custom_data_from(raw: Mapping[str, object]) -> CustomData:
    """Normalised; under RESTRICT_DATA without parameters of the site's own."""
    found = CustomData.from_raw(raw)
    return replace(found, properties=None) if conf.RESTRICT_DATA and found.properties else found


def new_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Quietly:
    """The one door: tracking must not break the host's request. The text of an error may hold personal data."""

    what: str

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        if (settings.DEBUG and isinstance(error, InvalidEvent)) or hooks.has_lost_transaction(error):
            return False
        logger.error("%s could not be tracked: %s.", self.what, type(error).__name__)
        return True
