"""What was tracked is stored also when the client goes away, and when a time limit ends the view."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.test import Client
from pytest_django import Settings

from django_capi.middleware import CapiMiddleware
from django_capi.models import Event
from django_capi.tracking import atrack, track
from django_capi.tracking.actions import Action
from django_capi.tracking.arguments import custom_data_from
from tests.conftest import ADDRESS, AGENT, FBP
from tests.site.models import Note
from tests.support.pages import events
from tests.tracking.leaving import Arrived, visit
from tests.tracking.serving import Site, serve

pytestmark = pytest.mark.django_db(transaction=True)


def names() -> list[str]:
    return sorted(Event.objects.values_list("event_name", flat=True))


def test_a_client_that_leaves_a_sync_view_has_its_event_stored(settings: Settings) -> None:
    arrived = Arrived()

    def act(request: HttpRequest) -> str:
        Note.objects.create(text="the order")
        track("Lead", request=request)
        arrived.event.set()
        time.sleep(0.3)  # mail, PDF, stock
        track("Schedule", request=request)
        return "thanks"

    serve(settings, act)
    visit(arrived.wait)

    assert Note.objects.exists()
    assert names() == ["Lead", "Schedule"]
    assert {json.loads(event.payload)["user_data"]["fbp"] for event in Event.objects.all()} == {FBP}


def test_a_client_that_leaves_an_async_view_has_its_event_stored(settings: Settings) -> None:
    arrived = Arrived()

    async def view(request: HttpRequest) -> HttpResponse:
        await atrack("Lead", request=request)
        arrived.event.set()
        await asyncio.sleep(10)
        return HttpResponse("thanks")

    settings.ROOT_URLCONF = Site(view)
    visit(arrived.wait)

    assert names() == ["Lead"]


def test_a_client_that_leaves_while_the_event_is_tracked_has_it_stored(settings: Settings) -> None:
    arrived = Arrived()

    def slow(request: HttpRequest) -> bool:
        arrived.event.set()
        time.sleep(0.2)
        return True

    async def view(request: HttpRequest) -> HttpResponse:
        await atrack("Lead", request=request)
        raise AssertionError("the client has left")

    settings.CAPI = {**settings.CAPI, "CONSENT": slow}
    settings.ROOT_URLCONF = Site(view)
    visit(arrived.wait)

    assert names() == ["Lead"]


def test_a_client_that_leaves_while_the_response_is_finished_has_its_event_stored(settings: Settings) -> None:
    arrived = Arrived()

    class SlowSession(dict[str, Any]):
        modified = False
        session_key = None

        def is_empty(self) -> bool:
            return False

        def save(self) -> None:
            arrived.event.set()
            time.sleep(0.2)

    def act(request: HttpRequest) -> str:
        request.session = SlowSession()  # type: ignore[assignment]
        track("Lead", request=request)
        return "thanks"

    settings.MIDDLEWARE = ["django_capi.middleware.CapiMiddleware"]
    serve(settings, act)
    visit(arrived.wait)

    assert names() == ["Lead"]


def test_a_page_that_is_never_shown_has_no_page_view(settings: Settings) -> None:
    arrived = Arrived()

    def act(request: HttpRequest) -> HttpResponse:
        track("Lead", request=request)
        response = render(request, "page.html")
        arrived.event.set()
        time.sleep(0.2)
        return response

    serve(settings, act)
    visit(arrived.wait)

    assert names() == ["Lead"]


def test_a_transaction_that_the_client_leaves_is_committed_with_its_event_or_not_at_all(settings: Settings) -> None:
    arrived = Arrived()

    def act(request: HttpRequest) -> str:
        with transaction.atomic():
            Note.objects.create(text="the order")
            track("Lead", request=request)
            arrived.event.set()
            time.sleep(0.2)
        return "thanks"

    serve(settings, act)
    visit(arrived.wait)

    assert Note.objects.exists()
    assert names() == ["Lead"]


def test_what_a_stream_tracks_is_stored_although_the_client_leaves_it(settings: Settings) -> None:
    arrived = Arrived()

    async def parts(request: HttpRequest) -> AsyncIterator[bytes]:
        await atrack("Lead", request=request)
        yield b"first"
        arrived.event.set()
        await asyncio.sleep(10)

    async def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(parts(request))

    settings.ROOT_URLCONF = Site(view)
    visit(arrived.wait)

    assert names() == ["Lead"]


def test_an_async_view_that_is_closed_has_its_event_stored(rf: Any) -> None:
    """As by an event loop that ends with requests open."""

    async def view(request: HttpRequest) -> HttpResponse:
        request.capi.add(lead)  # type: ignore[attr-defined]
        await asyncio.sleep(10)
        return HttpResponse("thanks")

    lead = Action(event_name="Lead", event_id="lead-1", event_time=int(time.time()), custom_data=custom_data_from({}))
    request = rf.post("/", HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS)
    coroutine: Any = CapiMiddleware(view)(request)

    async def begin() -> None:
        coroutine.send(None)

    asyncio.run(begin())
    coroutine.close()

    assert names() == ["Lead"]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError])
def test_a_time_limit_that_ends_a_sync_view_keeps_its_event(
    visitor: Client, settings: Settings, error: type[BaseException]
) -> None:
    def act(request: HttpRequest) -> None:
        track("Lead", request=request)
        render(request, "page.html")
        with suppress(ZeroDivisionError), transaction.atomic():
            track("Schedule", request=request)
            raise ZeroDivisionError
        raise error

    serve(settings, act)

    with pytest.raises(error):
        visitor.post("/act/")

    assert names() == ["Lead"]


def test_a_transaction_that_a_time_limit_ends_is_rolled_back_with_its_event(
    visitor: Client, settings: Settings
) -> None:
    def act(request: HttpRequest) -> None:
        with transaction.atomic():
            track("Lead", request=request)
            raise SystemExit(1)

    serve(settings, act)

    with pytest.raises(SystemExit):
        visitor.post("/act/")

    assert not Event.objects.exists()


def test_a_view_that_raises_has_its_event_stored_and_not_its_page(visitor: Client, settings: Settings) -> None:
    visitor.raise_request_exception = False

    def act(request: HttpRequest) -> None:
        track("Lead", request=request)
        render(request, "page.html")
        raise LookupError

    serve(settings, act)

    assert visitor.post("/act/").status_code == 500
    assert names() == ["Lead"]


def test_an_interrupted_insert_is_done_again(visitor: Client, settings: Settings) -> None:
    struck: list[str] = []

    def interruption(execute: Any, sql: str, *call: Any) -> Any:
        if "INSERT" in sql and "django_capi_event" in sql and not struck:
            struck.append(sql)
            raise SystemExit(1)
        return execute(sql, *call)

    serve(settings, lambda request: track("Lead", request=request))

    with connection.execute_wrapper(interruption), pytest.raises(SystemExit):
        visitor.post("/act/")

    assert names() == ["Lead"]


def test_the_copy_of_an_event_whose_client_has_left_is_not_shown_to_the_next(
    visitor: Client, settings: Settings
) -> None:
    arrived = Arrived()

    def act(request: HttpRequest) -> str:
        track("Lead", request=request)
        arrived.event.set()
        time.sleep(0.2)
        return "thanks"

    serve(settings, act)
    visit(arrived.wait)

    assert set(events(visitor.get("/page/"))) == {"PageView"}
