"""Add browser events and cookies to the response, or strip them from it if it may be cached."""

from __future__ import annotations

import json
import logging
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, StreamingHttpResponse
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase

from django_capi.browser.blocks import Block, config_block, copy, is_config, is_for_all, is_prefetch, with_lifetime
from django_capi.browser.bodies import is_readable, replace
from django_capi.browser.caching import (
    forget_validators,
    is_public,
    make_private,
    may_be_cached,
    say_private,
    will_be_cached,
)
from django_capi.browser.session import Copies, pop_copies, save_copies
from django_capi.conf import conf
from django_capi.meta import cookies
from django_capi.requests import original
from django_capi.requests.sessions import record_read
from django_capi.requests.visitor import fbp, new_fbc
from django_capi.tracking.page import RequestEvents

logger = logging.getLogger("django_capi")

HTMX_NAVIGATION: Final = ("HX-Redirect", "HX-Location", "HX-Refresh")
SCRIPT_HEADER: Final = "X-Capi-Events"
LONGEST_HEADER: Final = 2_000  # characters; nginx takes 4 KB for all headers of a response
EXPIRED: Final = "Thu, 01 Jan 1970 00:00:00 GMT"


def hand_over(page: RequestEvents, response: HttpResponseBase) -> None:
    """Give the browser what this response can carry: its ids, its copies, its cookies."""
    if response.status_code == HTTPStatus.NOT_MODIFIED:
        page.blocks = []  # the browser shows the page that it has kept, whose events have other ids
        page.drop_page_events()
    elif response.status_code >= HTTPStatus.BAD_REQUEST or page.request.method in ("HEAD", "OPTIONS"):
        drop_page_events(page, response)
    if (page.blocks or page.copies) and may_be_cached(response):
        make_public(page, response)
    elif any(block.content.get("for") for block in page.blocks):
        say_private(response)
        if any(map(has_ids, page.blocks)):
            forget_validators(response)
    if not is_shared(page, response):
        record_read(page.request)
        if page.blocks or has_click(page):
            set_cookies(page, response)  # a cache would give all visitors the same cookies
    send_copies(page, response)


def has_ids(block: Block) -> bool:
    """Whether it has events under ids of the server's."""
    return any(event.get("event_id") for event in block.content.get("events", [block.content]))


def drop_page_events(page: RequestEvents, response: HttpResponseBase) -> None:
    """Remove the events of an error page itself. The copies of actions stay, as they are handed over only once.

    If the body cannot be changed, the browser fires the page's events, so the server keeps its copies of them.
    """
    is_shown = page.request.method not in ("HEAD", "OPTIONS")
    if is_shown and not is_readable(response):
        return
    for block in page.blocks:
        if block.public:
            replace(response, [block.change(without_events(block, block.content))])
            block.public = without_events(block, block.public)
    page.blocks = [block for block in page.blocks if block.rendered]
    page.drop_page_events()


def without_events(block: Block, content: dict[str, Any]) -> dict[str, Any]:
    """Return what is left of a block's content without the events of the page itself: of most blocks, nothing."""
    return {**content, "events": []} if is_config(block) else {}


def make_public(page: RequestEvents, response: HttpResponseBase) -> None:
    """Take the ids and the visitor out of the page again, and forget what was to be stored for it.

    A page that has what only this visitor's browser may fire, or that cannot be changed any more, is for this visitor
    alone.
    """
    if page.copies or not all(block.public for block in page.blocks):
        make_private(response)
        log_private(view_of(page), "it carries the browser's copy of an action")
    elif replace(response, [(block.rendered, block.html(block.public)) for block in page.blocks]):
        for block in page.blocks:
            block.change(block.public)
        page.drop_page_events()
    else:
        make_private(response)
        log_private(view_of(page), "its body is encoded or streamed, so that its ids cannot be taken out")


def view_of(page: RequestEvents) -> str:
    match = page.request.resolver_match
    return match.view_name if match else ""


@cache
def log_private(view: str, reason: str) -> None:
    """Once for each view in a process: it is a matter of its code."""
    logger.warning("The response of the view %r may be cached, but %s: it is sent as private.", view, reason)


def set_cookies(page: RequestEvents, response: HttpResponseBase, *, is_page: bool = False) -> None:
    """`_fbp` and `_fbc` with Meta's own attributes, with consent, and only when they are new."""
    request = page.request
    is_page = is_page or bool(page.blocks)
    if (
        not (is_page or has_click(page))
        or is_prefetch(request)
        or not page.visitor.consent.is_given
        or page.is_excluded
    ):
        return
    if is_page and fbp(request) is None:
        page.mint_fbp()
        set_cookie(response, "_fbp", page.visitor.fbp)
    if has_click(page) and new_fbc(request):
        set_cookie(response, "_fbc", page.visitor.fbc)


def has_click(page: RequestEvents) -> bool:
    return "fbclid=" in original.query(page.request)


def set_cookie(response: HttpResponseBase, name: str, value: str | None) -> None:
    # Readable by JavaScript: Meta's own script keeps them. ClickID and the fbp and fbc parameters.
    if value:
        response.set_cookie(
            name, value, max_age=cookies.COOKIE_MAX_AGE, domain=conf.COOKIE_DOMAIN, samesite="Lax", httponly=False
        )


def delete_cookies(request: HttpRequest, response: HttpResponseBase) -> None:
    """After a withdrawal. In a cached page it would take them from every visitor: see `is_shared`.

    Meta's own script keeps a second pair for the highest domain that the browser lets it.
    """
    for name in ("_fbp", "_fbc"):
        response.delete_cookie(name, domain=conf.COOKIE_DOMAIN, samesite="Lax")
        for domain in domains(request):
            # Django keeps one cookie under each key; what is sent is the name inside.
            response.cookies.load({f"{name}:{domain}": ""})
            deleted = response.cookies[f"{name}:{domain}"]
            deleted.set(name, "", "")
            deleted.update({"domain": domain, "path": "/", "max-age": "0", "expires": EXPIRED, "samesite": "Lax"})


def domains(request: HttpRequest) -> list[str]:
    """The host and the domains above it, down to two labels: shop.example.com, example.com."""
    try:
        host = split_domain_port(request.get_host())[0]
    except DisallowedHost:
        return []
    labels = host.split(".")
    if host.startswith("[") or labels[-1].isdecimal():
        return []
    return [".".join(labels[first:]) for first in range(len(labels) - 1)]


def is_shared(page: RequestEvents, response: HttpResponseBase) -> bool:
    """True when other visitors may get this response as well, with its cookies."""
    is_for_all = bool(page.blocks) and is_public(page.request)
    return may_be_cached(response) or will_be_cached(page.request) or is_for_all


def send_copies(page: RequestEvents, response: HttpResponseBase) -> None:
    """The copies of `track()`: in this page, in a header that a script reads, or in the session until the next page."""
    found = [copy(action) for action in page.kept_copies()]
    page.copies = []
    if will_be_cached(page.request) or not is_final(response):
        save_copies(page.request, found)
        found = []
    if not is_final(response):
        return
    if page.request.META.get("HTTP_HX_REQUEST"):
        send_to_htmx(page, response, found)
    elif page.request.META.get("HTTP_X_CAPI_EVENTS"):
        send_to_script(page, response, found)
    else:
        put_into_page(page, response, found)


def is_final(response: HttpResponseBase) -> bool:
    """False for a redirect, also htmx's own kind: no script sees the other headers of such a response."""
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= response.status_code < HTTPStatus.BAD_REQUEST
    return not is_redirect and not any(response.has_header(name) for name in HTMX_NAVIGATION)


def put_into_page(page: RequestEvents, response: HttpResponseBase, found: Copies) -> None:
    block = config_block(page)
    is_shared_page = is_for_all(page) or may_be_cached(response)
    if block is None or is_shared_page or isinstance(response, StreamingHttpResponse) or not block.content["events"]:
        save_copies(page.request, found)
        return
    found = [*pop_copies(page.request), *found]
    content = {**block.content, "events": [*block.content["events"], *map(with_lifetime, found)]}
    if found and not replace(response, [(block.rendered, block.html(content))]):
        save_copies(page.request, found)


def send_to_htmx(page: RequestEvents, response: HttpResponseBase, found: Copies) -> None:
    """htmx drops the <head> of a boosted page, and the configuration with it."""
    block = config_block(page)
    own = list(block.content["events"]) if block else []
    if own and not is_for_all(page) and not may_be_cached(response):
        found = [*pop_copies(page.request), *found]  # a boosted form's redirect has left them
    if not (own or found) or set_trigger(response, [*own, *map(with_lifetime, found)]):
        return
    save_copies(page.request, found)
    if own and found:
        set_trigger(response, own)


def send_to_script(page: RequestEvents, response: HttpResponseBase, found: Copies) -> None:
    """`window.capi.fetch` asks for the copies with a header, and reads them from one of the same name."""
    text = json.dumps([with_lifetime(item) for item in found])
    if found and len(text) <= LONGEST_HEADER:
        response.headers[SCRIPT_HEADER] = text
    else:
        save_copies(page.request, found)


def set_trigger(response: HttpResponseBase, found: Copies) -> bool:
    """Add `capi:track` to HX-Trigger beside what the view has put there, if a proxy's header buffer has room for it.

    ASCII only: it is a header.
    """
    theirs = response.headers.get("HX-Trigger", "")
    try:
        triggers = json.loads(theirs) if theirs.lstrip().startswith("{") else None
    except ValueError:
        triggers = None
    if not isinstance(triggers, dict):
        triggers = {name.strip(): "" for name in theirs.split(",") if name.strip()}
    ours = json.dumps({**triggers, "capi:track": {"events": found}})
    if len(ours) - len(theirs) > LONGEST_HEADER:
        return False
    response.headers["HX-Trigger"] = ours
    return True
