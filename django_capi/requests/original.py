"""Read the cookies and the query that the browser sent, even after a cache's middleware has removed them.

wagtail-cache removes them from the request to store one page for all visitors. The consent policy and the click id need
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.http import HttpRequest, QueryDict, parse_cookie

AS_SENT = "_capi_sent"


def remember(request: HttpRequest) -> None:
    """Keep the raw headers before inner middleware changes them."""
    raw = (request.META.get("HTTP_COOKIE", ""), request.META.get("QUERY_STRING", ""))
    setattr(request, AS_SENT, raw)


def cookies(request: HttpRequest) -> Mapping[str, str]:
    raw = getattr(request, AS_SENT, None)
    if raw is None or raw[0] == request.META.get("HTTP_COOKIE", ""):
        return request.COOKIES
    return parse_cookie(raw[0])


def query(request: HttpRequest) -> str:
    """Return the raw query string."""
    raw = getattr(request, AS_SENT, None)
    return str(raw[1] if raw else request.META.get("QUERY_STRING", ""))


@contextmanager
def as_sent(request: HttpRequest) -> Iterator[None]:
    """Restore the request as it was sent while the site's own code runs, and undo that for the cache."""
    raw = getattr(request, AS_SENT, None)
    changed = {"HTTP_COOKIE": request.META.get("HTTP_COOKIE", ""), "QUERY_STRING": request.META.get("QUERY_STRING", "")}
    if raw is None or raw == tuple(changed.values()):
        yield
        return
    now = (request.COOKIES, request.GET)
    request.META.update(zip(changed, raw, strict=True))
    set_parsed(request, dict(parse_cookie(raw[0])), QueryDict(raw[1], encoding=request.encoding))
    try:
        yield
    finally:
        request.META.update(changed)
        set_parsed(request, *now)


def set_parsed(request: HttpRequest, cookies: dict[str, str], parameters: QueryDict) -> None:
    request.COOKIES = cookies
    request.GET = parameters  # type: ignore[assignment]  # the stubs know the immutable kind only
