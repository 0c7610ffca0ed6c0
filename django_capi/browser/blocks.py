"""Render the data blocks from which the page's script fires the browser copies.

No inline script: JSON data blocks and one static file, so that a strict Content-Security-Policy needs no nonce. Where
the page has one the tag carries it, as 'strict-dynamic' asks for.
A page that may be cached carries no id and nothing of its visitor: each block has a public form as well. Every other
page says for which browser it was made, since a cache may keep it even if its headers forbid that: the script takes the
page of another browser as a public one. Contact data is in no page, not even hashed: the script asks the visitor
endpoint.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString

from django_capi.browser import specs
from django_capi.browser.caching import is_public, will_be_cached
from django_capi.browser.nonces import nonce_of
from django_capi.conf import conf
from django_capi.meta import cookies, wire
from django_capi.meta.events import PAGE_VIEW
from django_capi.models import Origin
from django_capi.requests.routing import pixels_for
from django_capi.tracking.actions import Action
from django_capi.tracking.arguments import custom_data_from, new_id
from django_capi.tracking.page import RequestEvents, events_of

logger = logging.getLogger("django_capi")

CONFIG_ID = "capi-config"


@dataclass(kw_only=True, slots=True)
class Block:
    """A data block as it stands in the page, and what stands there instead when the page may be cached."""

    element_id: str
    content: dict[str, Any]
    public: dict[str, Any]
    rendered: str = ""

    def render(self) -> SafeString:
        self.rendered = self.html(self.content)
        return SafeString(self.rendered)

    def html(self, content: dict[str, Any]) -> SafeString:
        return json_script(content, self.element_id) if content else SafeString()

    def change(self, content: dict[str, Any]) -> tuple[str, str]:
        """Change the content, and return the HTML of before and of now, which is empty without content."""
        before, self.content = self.rendered, content
        return before, str(self.render())


def render_pixel(request: HttpRequest, *, nonce: object = None, is_cached: bool = False) -> SafeString:
    """The script tag, the page's configuration and its PageView; a second call on the same page adds nothing.

    `nonce`: the one in the template's context; without it the request's own is used.
    `is_cached`: as a part of a page that is kept for other visitors.
    """
    page = events_of(request)
    if config_block(page) or is_preview(request):
        return SafeString()
    targets = pixels_for(request)
    if not targets:
        return format_html("<!-- capi: {} -->", "no pixel is configured") if settings.DEBUG else SafeString()
    page.is_cached |= is_cached
    view = page_event(page, PAGE_VIEW, {}, is_cached=page.is_cached)
    shared = {
        "script": conf.PIXEL_SCRIPT_URL,
        "agent": conf.PARTNER_AGENT or None,
        "auto_config": conf.AUTO_CONFIG,
        "debug": settings.DEBUG,
        "collect": reverse("django_capi:collect"),
        "visitor": reverse("django_capi:visitor"),
        "withdraw": reverse("django_capi:withdraw"),
    }
    ids = [pixel.pixel_id for pixel in targets]
    block = Block(
        element_id=CONFIG_ID,
        content={**shared, **own_part(page, ids), "events": [view.content]},
        public={**shared, **PUBLIC_PART, "pixels": [{"id": pixel_id} for pixel_id in ids], "events": [view.public]},
    )
    page.blocks.append(block)
    return block.render() + script_tag(nonce_of(request, nonce))


def script_tag(nonce: str) -> SafeString:
    attribute = format_html(' nonce="{}"', nonce) if nonce else ""
    return format_html('<script src="{}"{} defer></script>', static("django_capi/pixel.js"), attribute)


def config_block(page: RequestEvents) -> Block | None:
    return next(filter(is_config, page.blocks), None)


def is_config(block: Block) -> bool:
    return block.element_id == CONFIG_ID


PUBLIC_PART: dict[str, Any] = {"consent": None, "excluded": False}


def own_part(page: RequestEvents, pixel_ids: list[str]) -> dict[str, Any]:
    """What the page says of its own visitor. A page for all visitors says nothing, and the script asks.

    Nor does that of a crawler: it has no `_fbp`, nor has a new visitor to whom a cache gives the page.
    """
    pixels = [{"id": pixel_id} for pixel_id in pixel_ids]
    if is_for_all(page) or page.is_excluded:
        return {**PUBLIC_PART, "pixels": pixels}
    return {**answer_of(page), "for": made_for(page), "pixels": pixels}


def visitor_part(page: RequestEvents, pixel_ids: list[str]) -> dict[str, Any]:
    """What the visitor endpoint says of the one who asks, contact data included."""
    pixels = [{"id": pixel_id, "user_data": init_data(page)} for pixel_id in pixel_ids]
    return {**answer_of(page), "pixels": pixels}


def answer_of(page: RequestEvents) -> dict[str, Any]:
    consent = page.visitor.consent
    return {
        "consent": consent.is_given,
        "denied": consent is consent.DENIED,
        "excluded": page.is_excluded,
        "limited": consent is consent.LIMITED,
        "matching": has_contact(page),
    }


def has_contact(page: RequestEvents) -> bool:
    """True when `fbq('init')` is to have contact data. In an event loop it may not be known yet."""
    visitor = page.visitor
    return conf.ADVANCED_MATCHING and visitor.consent.is_given and (visitor.contact is None or bool(visitor.contact))


def made_for(page: RequestEvents) -> str:
    """Return a checksum of `_fbp`, by which the script recognises that the page was made for its browser."""
    return cookies.checksum(page.visitor.fbp or "")


def init_data(page: RequestEvents) -> Mapping[str, Any]:
    """Hashed contact data for `fbq('init')`, the same values that the server copy carries."""
    contact = page.visitor.contact or {} if has_contact(page) else {}
    return {key: value[0] if isinstance(value, (list, tuple)) else value for key, value in contact.items()}


def render_event(
    request: HttpRequest, event_name: str, custom_data: Mapping[str, object], *, is_cached: bool = False
) -> SafeString:
    """An event of this page, as a data block that the script fires."""
    page = events_of(request)
    if is_preview(request) or not pixels_for(request):
        return SafeString()
    return add(page, page_event(page, event_name, custom_data, is_cached=is_cached))


def render_copy(page: RequestEvents, action: Action) -> SafeString:
    """The browser copy of an action that the ledger has already; see `can_carry`."""
    return add(page, Block(element_id="", content=with_lifetime(copy(action)), public={}))


def add(page: RequestEvents, block: Block) -> SafeString:
    block.element_id = f"capi-event-{new_id()[:12]}"
    if block.content.get("event_id"):
        block.content = {**block.content, "for": made_for(page)}
    page.blocks.append(block)
    return block.render()


def page_event(page: RequestEvents, event_name: str, custom_data: Mapping[str, object], *, is_cached: bool) -> Block:
    """An event with an id of the server's, or without one where the browser has to mint it."""
    action = Action(
        event_name=event_name,
        event_id=new_id(),
        event_time=int(time.time()),
        custom_data=custom_data_from(custom_data),
        origin=Origin.PAGE,
    )
    data = plain(action)
    shared = {"event_name": event_name, "custom_data": data, "event_id": None}
    public = {**shared, "spec": public_spec(action)}
    if is_cached or is_for_all(page):
        warn_of_conversion(event_name)
        return Block(element_id="", content=public, public=public)
    if mints_in_browser(page):
        if not is_prefetch(page.request):
            page.untracked.append(event_name)
        own = {**private_spec(page, action), "once": action.event_id}
        return Block(element_id="", content={**shared, **own}, public=public)
    page.mint_fbp()
    page.add(action)
    spec = None if specs.is_conversion(event_name) else specs.sign(event_name, data, fbp=page.visitor.fbp)
    return Block(element_id="", content={**shared, "event_id": action.event_id, "spec": spec}, public=public)


def public_spec(action: Action) -> str | None:
    """For every visitor who gets the page. None for a conversion, which the browser then does not fire."""
    return None if specs.is_conversion(action.event_name) else specs.sign(action.event_name, plain(action))


def warn_of_conversion(event_name: str) -> None:
    if settings.DEBUG and specs.is_conversion(event_name):
        logger.warning(
            "%s is not fired: the page may be cached, and each of its visitors would make one. "
            'Mark the view with never_cache, or add the event to CAPI["BROWSER_EVENTS"].',
            event_name,
        )


def private_spec(page: RequestEvents, action: Action) -> dict[str, str]:
    """For a page of this visitor only, who may consent after it was rendered.

    A conversion must be mirrored under `mirror_id`, so that any number of reports makes one event.
    """
    mirror_id = action.event_id if specs.is_conversion(action.event_name) else None
    spec = specs.sign(action.event_name, plain(action), fbp=page.visitor.fbp, event_id=mirror_id)
    return {"spec": spec, "mirror_id": mirror_id} if mirror_id else {"spec": spec}


def mints_in_browser(page: RequestEvents) -> bool:
    """True where an id in the page could reach several visitors, or no visitor at all."""
    if is_for_all(page) or is_prefetch(page.request):
        return True
    return not page.visitor.consent.is_given or page.is_excluded


def is_for_all(page: RequestEvents) -> bool:
    """True when several visitors get the page, and for what is rendered after the response has begun: its headers can
    no longer say that it is private, or set a cookie.
    """
    return page.is_cached or is_public(page.request) or page.is_finished


def can_carry(request: HttpRequest) -> bool:
    """False where a copy of one visitor's action would be lost: in a cached page, in one fetched ahead."""
    return not (will_be_cached(request) or is_prefetch(request) or is_preview(request))


def is_prefetch(request: HttpRequest) -> bool:
    """A page that is fetched ahead may be shown later or never: its events have not happened yet."""
    said = (request.META.get(name, "") for name in ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ"))
    return any(word in value.lower() for value in said for word in ("prefetch", "prerender", "preview"))


def is_preview(request: HttpRequest) -> bool:
    """Whether the page is a preview of a draft, as Wagtail marks it."""
    return bool(getattr(request, "is_preview", False))


def copy(action: Action) -> dict[str, Any]:
    """What the browser needs to fire its copy."""
    found = {
        "event_name": action.event_name,
        "event_id": action.event_id,
        "custom_data": plain(action),
        "expires": action.expires,
    }
    return {**found, "pixels": list(action.pixel_ids)} if action.pixel_ids else found


def with_lifetime(item: dict[str, Any]) -> dict[str, Any]:
    """The copy with the seconds for which the browser may still fire it: its own clock may be wrong."""
    expires = item.get("expires")
    return {**item, "ttl": max(0, expires - int(time.time()))} if expires else item


def plain(action: Action) -> dict[str, Any]:
    """The custom data as JSON numbers and strings, the same values as in the server copy."""
    found: dict[str, Any] = json.loads(wire.dumps(action.custom_data.payload()))
    return found
