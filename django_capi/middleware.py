"""Give every request its events, and finish them with the response.

Place it after the session and authentication middleware. It serves WSGI and ASGI with one body.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextvars import Token

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_capi.browser.responses import delete_cookies, hand_over, has_click, is_shared
from django_capi.requests import original
from django_capi.tracking.errors import LogErrors
from django_capi.tracking.page import RequestEvents, current
from django_capi.tracking.threads import run_in_new_thread, run_to_end
from django_capi.withdrawal import withdraw_consent

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
        page, token = begin(request)
        try:
            response: HttpResponseBase = self.get_response(request)  # type: ignore[assignment]
            if has_work(page):
                finish(page, response)
        except BaseException:  # a worker's time limit ends the view so: Django has answered everything else
            abandon(page)
            raise
        finally:
            end(page, token)
        return response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        page, token = begin(request)
        try:
            response: HttpResponseBase = await self.get_response(request)  # type: ignore[misc]
            if has_work(page):
                await run_to_end(finish, page, response)
        except GeneratorExit:
            if page.waiting:
                run_in_new_thread(lambda: abandon(page))
            raise
        except BaseException:  # the client has gone, and the request is cancelled
            page.is_finished = True  # a synchronous view may go on in its thread
            if page.waiting:
                await run_to_end(abandon, page)
            raise
        finally:
            end(page, token)
        return response


def begin(request: HttpRequest) -> tuple[RequestEvents, Token[RequestEvents | None]]:
    """The request's events, which the code that answers it may ask for by name."""
    original.remember(request)
    page = RequestEvents(request)
    request.capi = page  # type: ignore[attr-defined]
    return page, current.set(page)


def end(page: RequestEvents, token: Token[RequestEvents | None]) -> None:
    page.is_finished = True
    try:
        current.reset(token)
    except ValueError:  # a coroutine that is closed in another context than its own; that one is over
        return


def has_work(page: RequestEvents) -> bool:
    """False for a request that tracked nothing and brought no click: it costs nothing more."""
    is_over = page.has_declined or page.has_withdrawn
    return bool(page.waiting or page.blocks or page.copies or is_over or has_click(page))


def finish(page: RequestEvents, response: HttpResponseBase) -> None:
    """Hand the copies over and store what waits."""
    if page.has_declined or page.has_withdrawn:
        with LogErrors("The withdrawal of consent"):
            withdraw(page, response)
    with LogErrors("The browser's copy"):
        hand_over(page, response)
    with LogErrors("The server's copy"):
        page.store()


def withdraw(page: RequestEvents, response: HttpResponseBase) -> None:
    """The policy says no to a visitor who had said yes: note that once, as the cookies go with this response.

    Where they cannot, since others get the same response, the visitor's next page will do.
    """
    if is_shared(page, response):
        return
    if page.has_declined:
        withdraw_consent(page.request)
    delete_cookies(page.request, response)


def abandon(page: RequestEvents) -> None:
    """Store what has happened, although nobody will see a response."""
    with LogErrors("The server's copy"):
        page.abandon()
