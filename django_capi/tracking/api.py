"""Record what customers do: `track()` and `atrack()`."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from django_capi.conf import Pixel
from django_capi.consent import decisions as policies
from django_capi.consent.decisions import Decision
from django_capi.database import deferred
from django_capi.ledger import store as ledger
from django_capi.meta.events import ActionSource, AppData, InvalidEvent, MessagingChannel, OriginalEventData
from django_capi.models import NotSent
from django_capi.requests.agents import ClientKind, client_of
from django_capi.requests.routing import pixels_for, pixels_named
from django_capi.requests.visitor import Visitor
from django_capi.tracking import untracked
from django_capi.tracking.actions import Action, entry_of, is_in_transaction, on_commit, write
from django_capi.tracking.arguments import (
    address_from,
    app_data_from,
    custom_data_from,
    id_from,
    one_of,
    original_from,
    unix_seconds,
    user_data_from,
    yes_or_no,
)
from django_capi.tracking.captured import restore_visitor
from django_capi.tracking.errors import LogErrors, Untracked
from django_capi.tracking.page import RequestEvents, active_page, events_of, why_not_sent
from django_capi.tracking.threads import asynchronous
from django_capi.types import (
    ActionSourceName,
    AppDataDict,
    CustomDataDict,
    EventName,
    EventTime,
    MessagingChannelName,
    OriginalEventDict,
    UserDataDict,
)

logger = logging.getLogger("django_capi")


def track(
    event_name: EventName,
    *,
    request: HttpRequest | None = None,
    visitor: str | None = None,
    consent: bool | None = None,
    custom_data: CustomDataDict | None = None,
    user_data: UserDataDict | None = None,
    event_id: str | UUID | None = None,
    event_time: EventTime | None = None,
    action_source: ActionSource | ActionSourceName | None = None,
    url: str | None = None,
    pixels: str | Sequence[str] | None = None,
    app_data: AppData | AppDataDict | None = None,
    original_event_data: OriginalEventData | OriginalEventDict | None = None,
    messaging_channel: MessagingChannel | MessagingChannelName | None = None,
    opt_out: bool | None = None,
) -> str | None:
    """Record that a customer did something. Returns the event id, or None when nothing is stored; the log says why.

        track("Lead", request=request, custom_data={"value": 20, "currency": "EUR"})

    `event_name`: one of Meta's standard events, or a name of your own of at most 50 characters, as `CustomEvent(name)`.
    `request`: the visitor's request. Address, agent, page, `_fbp`, `_fbc` and, for a signed-in user, hashed contact
    data go with the event as they are now. The browser gets its copy with this response or with the next page. The
    current request is never taken unasked.
    `visitor`: instead of a request, what `capture_visitor()` returned.
    `consent`: what you know of the customer's consent. False: nothing is sent. True counts where there is no request,
    and where the consent policy has no answer; it overrules neither the policy's no nor `Sec-GPC`. By default the
    policy decides, and without a request nothing is sent unless the policy is `always`.
    `custom_data`, `user_data`: unformatted values under Meta's names (`value`, `currency`, `contents`; `em`, `ph`).
    They are normalised and hashed here, and a value that cannot be used is left out. `with_properties()` adds
    properties of your own.
    `event_id`: at most 100 characters or a UUID, if another copy of the event carries it; random by default.
    `event_time`: when it happened, as a `datetime` (a naive one is in the current time zone) or in Unix seconds;
    by default now.
    `action_source`: where it happened. By default `website` with a browser's request, `app` with `app_data`,
    `business_messaging` with `messaging_channel`, otherwise `system_generated`. Only `website` has a browser copy.
    `url`: the address of the page, if it is not the request's.
    `pixels`: the names in CAPI["PIXELS"] that get this event; by default those that PIXEL_FOR chooses.
    `app_data`: for an app event, a dict with `advertiser_tracking_enabled` and the sixteen values of `extinfo`.
    `original_event_data`: for a late event, a dict with `event_name`, `event_time`, `order_id` or `event_id` of the
    earlier one.
    `messaging_channel`: `messenger`, `whatsapp` or `instagram`.
    `opt_out`: True if Meta may use the event for attribution only.

    Raises InvalidEvent under DEBUG, where it is only logged otherwise, and the database's own error when the caller's
    transaction is lost with it; nothing else.
    https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/server-event
    """
    with LogErrors(str(event_name)):
        if request is not None and visitor is not None:
            raise InvalidEvent("visitor", "must not be given together with request")
        stated = yes_or_no(consent, "consent")
        page = None if request is None else events_of(request)
        stored_visitor = None if visitor is None else restore_visitor(visitor, stated=stated)
        targets = None if pixels is None else pixels_named(pixels)
        action = Action(
            event_name=event_name,
            event_id=id_from(event_id),
            event_time=int(time.time()) if event_time is None else unix_seconds(event_time),
            custom_data=custom_data_from(custom_data or {}),
            user_data=user_data_from(user_data or {}),
            action_source=default_source(page, stored_visitor, app_data, messaging_channel)
            if action_source is None
            else one_of(ActionSource, action_source, "action_source"),
            pixel_ids=tuple(target.pixel_id for target in targets or ()),
            event_source_url=address_from(url),
            app_data=app_data_from(app_data),
            original_event_data=original_from(original_event_data),
            messaging_channel=messaging_channel and one_of(MessagingChannel, messaging_channel, "messaging_channel"),
            opt_out=yes_or_no(opt_out, "opt_out"),
        )
        if page is not None:
            is_vouched_for = stated is True or any((action_source, app_data, messaging_channel))
            return track_in_request(page, action, stated=stated, pixels=targets, is_vouched_for=is_vouched_for)
        return track_without_request(action, stored_visitor or visitor_without_request(stated), targets)
    return None


atrack = asynchronous(track)


def default_source(
    page: RequestEvents | None, stored_visitor: Visitor | None, app_data: object, messaging_channel: object
) -> ActionSource:
    if app_data is not None:
        return ActionSource.APP
    if messaging_channel is not None:
        return ActionSource.BUSINESS_MESSAGING
    if (page is not None and page.is_browser) or (stored_visitor is not None and is_browser(stored_visitor)):
        return ActionSource.WEBSITE
    return ActionSource.SYSTEM_GENERATED


def is_browser(stored_visitor: Visitor) -> bool:
    return client_of(stored_visitor.client_user_agent) is ClientKind.BROWSER


def track_in_request(
    page: RequestEvents, action: Action, *, stated: bool | None, pixels: Sequence[Pixel] | None, is_vouched_for: bool
) -> str:
    """Track an action of the request's visitor. `is_vouched_for`: the arguments say that it is a customer's."""
    try:
        require_wanted(page)
        consent = require_consent(page.decide(stated=stated)).consent
    except Untracked as why:
        if why.counts_as:
            count_untracked(page, action, why.counts_as, pixels)
        raise
    visitor = page.visitor_with(consent) if stated else page.read_visitor(consent)
    targets = require_pixels(pixels, page.request)
    if not page.is_browser:
        visitor = without_page(visitor, action)
        if not (is_vouched_for or visitor.contact or action.user_data.payload()):
            raise Untracked(
                "the request comes from a program, and nothing identifies the customer",
                "Add user_data, or the action_source, or consent=True.",
            )
    if is_in_transaction():
        write([entry_of(action, visitor)], targets)
        hand_to_browser(page, action)
        page.in_transaction.add(action.event_id)
        on_commit(lambda: page.in_transaction.discard(action.event_id))
    else:
        store_later(page, action, visitor, targets)
    return action.event_id


def count_untracked(page: RequestEvents, action: Action, reason: NotSent, pixels: Sequence[Pixel] | None) -> None:
    """Count the action, unless the caller's transaction is rolled back: then it has not happened."""
    targets = pixels_for(page.request) if pixels is None else pixels
    counting = partial(untracked.count, action.event_name, reason, targets)
    if is_in_transaction():
        on_commit(counting)
    else:
        deferred.after_commit(deferred.open_elsewhere(), counting)


def store_later(page: RequestEvents, action: Action, visitor: Visitor, pixels: Sequence[Pixel]) -> None:
    """Store with the response, or when the caller's transaction in another database commits; now if both are over."""
    elsewhere = deferred.open_elsewhere()
    if page.is_finished and elsewhere is None:
        write([entry_of(action, page.completed(visitor))], pixels)
    else:
        deferred.after_commit(elsewhere, lambda: add_to_page(page, action, visitor, pixels))


def add_to_page(page: RequestEvents, action: Action, visitor: Visitor, pixels: Sequence[Pixel]) -> None:
    with LogErrors(action.event_name):
        page.add(action, visitor=visitor, pixels=pixels)
        hand_to_browser(page, action)


def hand_to_browser(page: RequestEvents, action: Action) -> None:
    """Add the browser's copy. Only events of the website have one, and only a browser can fire it."""
    if page.is_browser and action.action_source is ActionSource.WEBSITE:
        page.copies.append(action)


def without_page(visitor: Visitor, action: Action) -> Visitor:
    """Leave out the page, and the address and agent unless an app on the customer's device sent the request."""
    if action.action_source is ActionSource.WEBSITE:
        return visitor
    elsewhere = visitor.at(url=None, referrer=None)  # the address of an API is not a page
    return elsewhere if action.action_source is ActionSource.APP else elsewhere.without_machine()


def visitor_without_request(stated: bool | None) -> Visitor:  # noqa: FBT001  # the argument of track()
    """The visitor where there is no request: the caller states the consent."""
    decision = policies.decision_without_request(stated=stated)
    if decision is policies.NO_REQUEST:
        raise Untracked(decision.reason, decision.advice, is_mistake=True)
    if stated is None and settings.DEBUG and active_page():
        logger.warning("track() does not take the current request. In a view write track(…, request=request).")
    return Visitor(consent=require_consent(decision).consent, contact={})


def track_without_request(action: Action, visitor: Visitor, pixels: Sequence[Pixel] | None) -> str:
    if not is_browser(visitor):
        visitor = without_page(visitor, action)
    targets = require_pixels(pixels, None)
    made = entry_of(action, visitor)
    elsewhere = deferred.open_elsewhere()
    if elsewhere is None:
        write([made], targets)
    else:
        deferred.after_commit(elsewhere, lambda: write_later(made, targets))
    return action.event_id


def write_later(made: ledger.EventEntry, pixels: Sequence[Pixel]) -> None:
    with LogErrors(made.event.event_name):
        write([made], pixels)


def require_wanted(page: RequestEvents) -> None:
    if page.client is ClientKind.CRAWLER:
        raise Untracked("the request comes from a crawler", counts_as=NotSent.EXCLUDED)
    if page.is_unwanted:
        raise Untracked('the request is one that CAPI["EXCLUDE"] names', counts_as=NotSent.EXCLUDED)


def require_consent(decision: Decision) -> Decision:
    if not decision.consent.is_given:
        raise Untracked(decision.reason, decision.advice, counts_as=why_not_sent(decision.consent))
    return decision


def require_pixels(pixels: Sequence[Pixel] | None, subject: object) -> Sequence[Pixel]:
    found = pixels_for(subject) if pixels is None else pixels
    if not found:
        raise Untracked(
            "no pixel is configured for it",
            'Set CAPI["PIXEL_ID"]; with several pixels see that CAPI["PIXEL_FOR"] returns one, or add pixels=["main"].',
        )
    return found
