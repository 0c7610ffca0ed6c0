"""Add browser events and cookies to the response, or strip them from it if it may be cached."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase
from django.utils.html import json_script

from django_capi.conf import conf
from django_capi.meta import cookies
from django_capi.pixel import config_block, copy, is_prefetch, is_public, will_be_cached
from django_capi.session import pop_copies, save_copies
from django_capi.tracking import RequestEvents
from django_capi.visitor import new_fbc, new_fbp

EXPIRED: Final = "Thu, 01 Jan 1970 00:00:00 GMT"


def hand_over(page: RequestEvents, response: HttpResponseBase) -> None:
    """Give the browser what this response can carry: its ids, its copies, its cookies."""
    if page.blocks and may_be_cached(response):
        make_public(page, response)
        return
    if not is_shared(page, response):
        set_cookies(page, response)  # in a cache they would make one visitor of all
    send_copies(page, response)


def may_be_cached(response: HttpResponseBase) -> bool:
    """True when somebody other than this browser may keep the response. PAGE_IDS = "server" says: nobody does."""
    if conf.PAGE_IDS == "server":
        return False
    control = response.headers.get("Cache-Control", "").lower()
    if not control or "private" in control or "no-store" in control:
        return False
    return "public" in control or bool(re.search(r"(s-maxage|max-age)=0*[1-9]", control))


def make_public(page: RequestEvents, response: HttpResponseBase) -> None:
    """Take the ids and the visitor out of the page again, and forget what was to be stored for it."""
    page.drop_page_events()
    for block in page.blocks:
        replacement = json_script(block.public, block.element_id) if block.public else ""
        replace(response, block.rendered, str(replacement))


def replace(response: HttpResponseBase, old: str, new: str) -> None:
    if isinstance(response, HttpResponse):
        response.content = response.content.replace(old.encode(response.charset), new.encode(response.charset))
        if response.has_header("Content-Length"):
            response.headers["Content-Length"] = str(len(response.content))


def set_cookies(page: RequestEvents, response: HttpResponseBase, *, is_page: bool = False) -> None:
    """`_fbp` and `_fbc` with Meta's own attributes, with consent, and only when they are new."""
    request = page.request
    has_click = "fbclid=" in request.META.get("QUERY_STRING", "")
    is_page = is_page or config_block(page) is not None
    if not (is_page or has_click) or is_prefetch(request) or not page.visitor.consent.is_given or page.is_excluded:
        return
    if is_page and page.visitor.fbp is None:
        page.visitor = page.visitor.with_fbp(new_fbp(request))
        set_cookie(response, "_fbp", page.visitor.fbp)
    if has_click and new_fbc(request):
        set_cookie(response, "_fbc", page.visitor.fbc)


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
    """The copies of `track()`: in this page, in an HTMX header, or in the session until the next page."""
    found = [copy(action) for action in page.kept_copies()]
    page.copies = []
    block = config_block(page)
    if page.request.META.get("HTTP_HX_REQUEST"):
        # htmx drops the <head> of a boosted page, and the configuration with it.
        found = [*(block.content["events"] if block else []), *found]
        if found:
            set_trigger(response, found)
    elif block is None or is_public(page.request) or isinstance(response, StreamingHttpResponse):
        save_copies(page.request, found)
    else:
        found = [*pop_copies(page.request), *found]
        if found:
            old = block.rendered
            block.content["events"] += found
            replace(response, old, block.render())


def set_trigger(response: HttpResponseBase, found: list[dict[str, Any]]) -> None:
    """Add `capi:track` to HX-Trigger beside what the view has put there. ASCII only: it is a header."""
    theirs = response.headers.get("HX-Trigger", "")
    try:
        triggers = json.loads(theirs) if theirs.lstrip().startswith("{") else None
    except ValueError:
        triggers = None
    if not isinstance(triggers, dict):
        triggers = {name.strip(): "" for name in theirs.split(",") if name.strip()}
    response.headers["HX-Trigger"] = json.dumps({**triggers, "capi:track": {"events": found}})
