"""Record what customers do: `track()` and its async twin."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from django_capi.conf import Pixel
from django_capi.consent import decisions as policies
from django_capi.consent.decisions import Decision
from django_capi.database import deferred
from django_capi.ledger import store as ledger
from django_capi.meta.events import ActionSource, AppData, InvalidEvent, MessagingChannel, OriginalEventData
from django_capi.requests.agents import Client, client_of
from django_capi.requests.routing import pixels_for, pixels_named
from django_capi.requests.visitor import Visitor
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
from django_capi.tracking.captured import captured
from django_capi.tracking.errors import LogErrors, Untracked
from django_capi.tracking.page import RequestEvents, active_page, events_of
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
    """Record that a customer did something. Returns the event id, or None when nothing is sent; the log says why.

        track("Lead", request=request, custom_data={"value": 20, "currency": "EUR"})

    `event_name`: a standard event of Meta's, or a name of your own, of at most 50 characters.
    `request`: whose request it is. The visitor's address, agent, page, `_fbp`, `_fbc` and, signed in, hashed contact
    data go with the event as they are now, and the browser gets its copy with this response or with the next page.
    Without it nobody's request is taken, also inside a view.
    `visitor`: instead of a request, what `capture_visitor()` returned.
    `consent`: your word on the customer's consent. False: nothing is sent. True counts where there is no request, and
    where the consent policy has no answer; it overrules neither the policy's no nor `Sec-GPC`. By default the policy
    decides, and without a request nothing is sent unless the policy is `always`.
    `custom_data`, `user_data`: raw values under Meta's names (`value`, `currency`, `contents`; `em`, `ph`); they are
    normalised and hashed here, and one that cannot be used is left out.
    `event_id`: at most 100 characters, for an id that another copy of the event carries; random by default.
    `event_time`: when it happened, as a `datetime` (a naive one is in the current time zone) or in Unix seconds;
    by default now.
    `action_source`: where it happened. By default `website` with a browser's request, `app` with `app_data`,
    `business_messaging` with `messaging_channel`, otherwise `system_generated`. Only `website` has a browser copy.
    `url`: the address of the page, when it is not the request's.
    `pixels`: the names in CAPI["PIXELS"] that get this event; by default those that PIXEL_FOR chooses.
    `app_data`: of an app event, a dict with `advertiser_tracking_enabled` and the sixteen values of `extinfo`.
    `original_event_data`: of a late event, a dict with `event_name`, `event_time`, `order_id`, `event_id` of the first.
    `messaging_channel`: `messenger`, `whatsapp` or `instagram`.
    `opt_out`: True if Meta may use the event for attribution only.

    Raises InvalidEvent under DEBUG, where it is only logged otherwise, and the database's own error when the caller's
    transaction is lost with it; nothing else.
    https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/server-event
    """
    with LogErrors(str(event_name)):
        if request is not None and visitor is not None:
            raise InvalidEvent("visitor", "must not be given together with request")
        said = yes_or_no(consent, "consent")
        page = None if request is None else events_of(request)
        kept = None if visitor is None else captured(visitor, said=said)
        targets = None if pixels is None else pixels_named(pixels)
        action = Action(
            event_name=event_name,
            event_id=id_from(event_id),
            event_time=int(time.time()) if event_time is None else unix_seconds(event_time),
            custom_data=custom_data_from(custom_data or {}),
            user_data=user_data_from(user_data or {}),
            action_source=default_source(page, kept, app_data, messaging_channel)
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
            is_claimed = said is True or any((action_source, app_data, messaging_channel))
            return track_in(page, action, said=said, pixels=targets, is_claimed=is_claimed)
        return track_alone(action, kept or nobody(said), targets)
    return None


atrack = asynchronous(track)


def default_source(
    page: RequestEvents | None, kept: Visitor | None, app_data: object, messaging_channel: object
) -> ActionSource:
    if app_data is not None:
        return ActionSource.APP
    if messaging_channel is not None:
        return ActionSource.BUSINESS_MESSAGING
    if (page is not None and page.is_browser) or (kept is not None and is_browser(kept)):
        return ActionSource.WEBSITE
    return ActionSource.SYSTEM_GENERATED


def is_browser(kept: Visitor) -> bool:
    return client_of(kept.client_user_agent) is Client.BROWSER


def track_in(
    page: RequestEvents, action: Action, *, said: bool | None, pixels: Sequence[Pixel] | None, is_claimed: bool
) -> str:
    """An action of a request's visitor. `is_claimed`: the caller answers for it being a customer's."""
    if page.client is Client.CRAWLER:
        raise Untracked("the request comes from a crawler")
    if page.is_unwanted:
        raise Untracked('the request is one that CAPI["EXCLUDE"] names')
    consent = checked(page.decide(said=said)).consent
    visitor = page.visitor_with(consent) if said else page.read_visitor(consent)
    targets = chosen(pixels, page.request)
    if not page.is_browser:
        visitor = of_program(visitor, action)
        if not (is_claimed or visitor.contact or action.user_data.payload()):
            raise Untracked(
                "the request comes from a program, and nothing tells who the customer is",
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


def store_later(page: RequestEvents, action: Action, visitor: Visitor, pixels: Sequence[Pixel]) -> None:
    """With the response, or when the caller's transaction in another database commits; at once if both are over."""
    elsewhere = deferred.open_elsewhere()
    if page.is_finished and elsewhere is None:
        write([entry_of(action, page.completed(visitor))], pixels)
    else:
        deferred.after_commit(elsewhere, lambda: wait(page, action, visitor, pixels))


def wait(page: RequestEvents, action: Action, visitor: Visitor, pixels: Sequence[Pixel]) -> None:
    with LogErrors(action.event_name):
        page.add(action, visitor=visitor, pixels=pixels)
        hand_to_browser(page, action)


def hand_to_browser(page: RequestEvents, action: Action) -> None:
    """Only what happened on the website has a copy there, and only a browser can fire it."""
    if page.is_browser and action.action_source is ActionSource.WEBSITE:
        page.copies.append(action)


def of_program(visitor: Visitor, action: Action) -> Visitor:
    """Of a program's request: an app runs on the customer's device; other programs speak from their own address."""
    if action.action_source is ActionSource.WEBSITE:
        return visitor
    nowhere = visitor.at(url=None, referrer=None)  # the address of an API is no page
    return nowhere if action.action_source is ActionSource.APP else nowhere.without_machine()


def nobody(said: bool | None) -> Visitor:  # noqa: FBT001  # the caller's word
    """Of no request: the caller answers for the consent."""
    decision = policies.decision_without_request(said=said)
    if decision is policies.NOBODY_ASKED:
        raise Untracked(decision.reason, decision.advice, is_mistake=True)
    if said is None and settings.DEBUG and active_page():
        logger.warning("track() takes nobody's request by itself. In a view write track(…, request=request).")
    return Visitor(consent=checked(decision).consent, contact={})


def track_alone(action: Action, visitor: Visitor, pixels: Sequence[Pixel] | None) -> str:
    if not is_browser(visitor):
        visitor = of_program(visitor, action)
    targets = chosen(pixels, None)
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


def checked(decision: Decision) -> Decision:
    if not decision.consent.is_given:
        raise Untracked(decision.reason, decision.advice)
    return decision


def chosen(pixels: Sequence[Pixel] | None, subject: object) -> Sequence[Pixel]:
    found = pixels_for(subject) if pixels is None else pixels
    if not found:
        raise Untracked(
            "no pixel is configured for it",
            'Set CAPI["PIXEL_ID"]; with several pixels see that CAPI["PIXEL_FOR"] returns one, or add pixels=["main"].',
        )
    return found
