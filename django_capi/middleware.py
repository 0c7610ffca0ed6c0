"""Collect the events of each request, and store them with the response.

Place it after the session and authentication middleware. It works under WSGI and ASGI.
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
    """Gives each request its `RequestEvents`, and hands them to the browser and the ledger with the response."""

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
        except BaseException:  # such as a worker's time limit: Django answers all other exceptions
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
        except BaseException:  # the client has disconnected, and the request is cancelled
            page.is_finished = True  # a synchronous view may still run in its thread
            if page.waiting:
                await run_to_end(abandon, page)
            raise
        finally:
            end(page, token)
        return response


def begin(request: HttpRequest) -> tuple[RequestEvents, Token[RequestEvents | None]]:
    """Start collecting the request's events, and make them the current ones of this context."""
    original.remember(request)
    page = RequestEvents(request)
    request.capi = page  # type: ignore[attr-defined]
    return page, current.set(page)


def end(page: RequestEvents, token: Token[RequestEvents | None]) -> None:
    page.is_finished = True
    try:
        current.reset(token)
    except ValueError:  # a coroutine that is closed in another context than its own
        return


def has_work(page: RequestEvents) -> bool:
    """Whether the request tracked anything or brought a click id; otherwise it costs nothing more."""
    is_over = page.has_declined or page.has_withdrawn
    return bool(page.waiting or page.blocks or page.copies or is_over or has_click(page))


def finish(page: RequestEvents, response: HttpResponseBase) -> None:
    """Add the browser's copies to the response, and store the server's."""
    if page.has_declined or page.has_withdrawn:
        with LogErrors("The withdrawal of consent"):
            withdraw(page, response)
    with LogErrors("The browser's copy"):
        hand_over(page, response)
    with LogErrors("The server's copy"):
        page.store()
    with LogErrors("What is not tracked"):
        page.count_untracked()


def withdraw(page: RequestEvents, response: HttpResponseBase) -> None:
    """Record that the policy now says no to a visitor who had agreed, and delete the cookies with this response.

    If the response may be cached, the visitor's next private page does so.
    """
    if is_shared(page, response):
        return
    if page.has_declined:
        withdraw_consent(page.request)
    delete_cookies(page.request, response)


def abandon(page: RequestEvents) -> None:
    """Store what has happened although no response will be sent."""
    with LogErrors("The server's copy"):
        page.abandon()
