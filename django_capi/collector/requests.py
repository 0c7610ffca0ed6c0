"""Read a posted request: it must come from a page of this site and hold a JSON object of limited size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, JsonResponse, UnreadablePostError

from django_capi.requests.visitor import is_own, reduced

__all__ = ["RequestRefused", "body_of", "check_origin", "items_of", "own_url", "text"]

LARGEST_BODY: Final = 64 * 1024  # bytes; browsers let a page have no more under way when it is left
LONGEST_LENGTH: Final = 20  # digits; Python refuses to read thousands
MOST_EVENTS: Final = 20  # in one request
# https://www.w3.org/TR/fetch-metadata/: another host of the same site is refused by its Origin.
SITES: Final = (None, "same-origin", "same-site")


class RequestRefused(ValueError):
    """The request as a whole is not of the documented form; `reason` names the rule that it breaks."""

    def __init__(self, reason: str, *, status: int = 400, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.retry_after = retry_after  # seconds

    def response(self) -> JsonResponse:
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return JsonResponse({"error": self.reason}, status=self.status, headers=headers)


def check_origin(request: HttpRequest) -> None:
    """Refuse the pages of other sites, and of other hosts of this one."""
    site = request.META.get("HTTP_SEC_FETCH_SITE")
    origin = request.META.get("HTTP_ORIGIN")
    is_unnamed = not origin and site == "same-site"
    if site not in SITES or is_unnamed or (origin and not is_own(request, origin)):
        raise RequestRefused("cross-origin", status=403)


def body_of(request: HttpRequest) -> dict[str, Any]:
    if not has_length(str(request.META.get("CONTENT_LENGTH") or 0)):
        raise RequestRefused("too-large", status=413)
    try:
        body = json.loads(request.read(LARGEST_BODY))
    except UnreadablePostError:  # the client has gone
        raise RequestRefused("unreadable") from None
    except (ValueError, RecursionError):
        raise RequestRefused("not-json") from None
    if not isinstance(body, dict):
        raise RequestRefused("not-an-object")
    return body


def has_length(text: str) -> bool:
    """Return True for the length of a body that is read. A client may send anything in its place."""
    is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST_LENGTH
    return is_number and int(text) <= LARGEST_BODY


def items_of(body: Mapping[str, Any]) -> list[Any]:
    items = body.get("events")
    if not isinstance(items, list) or not items:
        raise RequestRefused("events-missing")
    if len(items) > MOST_EVENTS:
        raise RequestRefused("too-many-events", status=413)
    return items


def own_url(request: HttpRequest, url: object) -> str | None:
    """The page's address if it is one of this host; otherwise the Referer, which the browser wrote; otherwise the host.

    Meta refuses a website event that has no address.
    """
    for candidate in (text(url), request.META.get("HTTP_REFERER"), root(request)):
        found = reduced(candidate) if candidate and is_own(request, candidate) else None
        if found:
            return found
    return None


def root(request: HttpRequest) -> str | None:
    try:
        return request.build_absolute_uri("/")
    except DisallowedHost:
        return None


def text(value: object) -> str | None:
    return value if isinstance(value, str) else None
