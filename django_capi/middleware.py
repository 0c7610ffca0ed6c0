"""A request comes in and gets its events; the response goes out with its ids, copies and cookies.

Place it after the session and authentication middleware. It serves WSGI and ASGI with one body.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_capi import tracking
from django_capi.handover import hand_over
from django_capi.models import Origin
from django_capi.tracking import RequestEvents

logger = logging.getLogger("django_capi")


class CapiMiddleware:
    """Gives every request its `RequestEvents` and finishes them with the response."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self.__acall__(request)
        page = RequestEvents(request)
        request.capi = page  # type: ignore[attr-defined]
        token = tracking.current.set(page)
        try:
            response: HttpResponseBase = self.get_response(request)  # type: ignore[assignment]
            if has_work(page):
                finish(page, response)
        finally:
            page.is_finished = True
            tracking.current.reset(token)
        return response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        page = RequestEvents(request)
        request.capi = page  # type: ignore[attr-defined]
        token = tracking.current.set(page)
        try:
            response: HttpResponseBase = await self.get_response(request)  # type: ignore[misc]
            if has_work(page):
                await sync_to_async(finish)(page, response)
        finally:
            page.is_finished = True
            tracking.current.reset(token)
        return response


def has_work(page: RequestEvents) -> bool:
    """False for a request that tracked nothing and brought no click: it costs nothing more."""
    return bool(page.waiting or page.blocks or page.copies or "fbclid=" in page.request.META.get("QUERY_STRING", ""))


def finish(page: RequestEvents, response: HttpResponseBase) -> None:
    """Hand the copies over and store what waits. A page that failed shows nobody its events."""
    if response.status_code >= 500:
        page.waiting = [action for action in page.waiting if action.origin != Origin.PAGE]
    with tracking.Quietly("The browser's copy"):
        hand_over(page, response)
    with tracking.Quietly("The server's copy"):
        page.store()
