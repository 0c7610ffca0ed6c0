"""Whose request an event belongs to, and what the caller's word on consent is worth."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from pytest_django import Settings

from django_capi.consent import Consent
from django_capi.meta.events import InvalidEvent
from django_capi.models import Event, Status
from django_capi.tracking import atrack, current_request, track
from django_capi.types import CustomDataDict, UserDataDict
from tests.conftest import ADDRESS, AGENT, FBP, HEADERS
from tests.support.pages import config, events
from tests.tracking.serving import GOOGLEBOT, STRIPE, Site, serve

pytestmark = pytest.mark.django_db

ANN: UserDataDict = {"em": "ann@example.com"}
PAID: CustomDataDict = {"value": 20, "currency": "EUR"}


def raising(request: HttpRequest) -> bool:
    raise LookupError("no such customer")


@pytest.mark.parametrize(
    ("policy", "gpc", "said", "expected"),
    [
        (True, "", None, Consent.GRANTED),
        (True, "", True, Consent.GRANTED),
        (True, "", False, None),
        (False, "", None, None),
        (False, "", True, None),
        (None, "", None, None),
        (None, "", True, Consent.GRANTED),
        (None, "", False, None),
        ("yes", "", True, Consent.GRANTED),
        (raising, "", None, None),
        (raising, "", True, None),
        (True, "deny", True, None),
        (None, "deny", True, None),
        (None, "limit", True, Consent.LIMITED),
        (None, "limit", None, None),
        (None, "ignore", True, Consent.GRANTED),
        (Consent.LIMITED, "", True, Consent.LIMITED),
        (Consent.DENIED, "", True, None),
    ],
)
def test_with_a_request_consent_completes_the_policy_and_never_overrules_a_no(
    rf: RequestFactory, settings: Settings, policy: object, gpc: str, said: bool | None, expected: Consent | None
) -> None:
    ask = policy if callable(policy) else lambda request: policy
    settings.CAPI = {**settings.CAPI, "CONSENT": ask, "GPC": gpc or "deny"}
    request = rf.post("/", HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS, HTTP_SEC_GPC="1" if gpc else "")

    event_id = track("Lead", request=request, consent=said)

    assert list(Event.objects.values_list("event_id", "consent")) == ([(event_id, expected)] if expected else [])


@pytest.mark.parametrize(
    ("policy", "said", "is_stored"),
    [
        ("django_capi.consent.always", None, True),
        ("django_capi.consent.always", False, False),
        ("django_capi.consent.never", True, False),
        (lambda request: False, True, True),
        (lambda request: True, None, False),
        (None, True, True),
    ],
    ids=["always", "always, said no", "never", "not asked", "nobody to ask", "no policy"],
)
def test_without_a_request_consent_counts(
    settings: Settings, policy: object, said: bool | None, is_stored: bool
) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": policy}

    event_id = track("Subscribe", user_data=ANN, consent=said)

    assert (event_id is not None, Event.objects.exists()) == (is_stored, is_stored)


def test_consent_true_is_for_this_event_and_not_for_the_page(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: None}

    def act(request: HttpRequest) -> HttpResponse:
        track("Lead", request=request, consent=True)
        return HttpResponse("ok")

    serve(settings, act)
    visitor.post("/act/")

    page = visitor.get("/page/")

    assert [event.event_name for event in Event.objects.all()] == ["Lead"]
    assert config(page)["consent"] is False


def test_a_webhook_has_no_visitor_unless_it_is_given_a_request(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: None}

    def act(request: HttpRequest) -> str | None:
        with transaction.atomic():
            return track("Purchase", event_id="order-00001", consent=True, user_data=ANN, custom_data=PAID)

    serve(settings, act)
    answer = Client(HTTP_USER_AGENT=STRIPE, REMOTE_ADDR="54.187.174.169").post("/act/")

    event = Event.objects.get()
    assert answer.content == b"order-00001"
    assert (event.action_source, event.status) == ("system_generated", Status.PENDING)
    assert json.loads(event.payload)["user_data"].keys() == {"em"}


@pytest.mark.parametrize("agent", [STRIPE, "PayPal/AUHR-214.0-55417034", "okhttp/4.9.0", "", "curl/8.5.0"])
def test_a_programs_request_is_stored_with_consent_true_and_is_not_a_browser(settings: Settings, agent: str) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: None}
    serve(settings, lambda request: track("Purchase", request=request, consent=True, user_data=ANN, custom_data=PAID))

    answer = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR="54.187.174.169").post("/act/")

    event = Event.objects.get()
    sent = json.loads(event.payload)
    assert (event.event_id, event.action_source) == (answer.content.decode(), "system_generated")
    assert sent["user_data"].keys() == {"em"}
    assert "event_source_url" not in sent
    assert not answer.cookies


@pytest.mark.parametrize("agent", [GOOGLEBOT, "Twitterbot/1.0", "AhrefsSpider/2", "SomeCrawler"])
def test_a_crawlers_request_tracks_nothing_with_any_arguments(settings: Settings, agent: str) -> None:
    serve(settings, lambda request: track("Lead", request=request, consent=True, user_data=ANN))

    answer = Client(HTTP_USER_AGENT=agent).post("/act/")

    assert answer.content == b"None"
    assert not Event.objects.exists()


def test_an_excluded_request_tracks_nothing_with_any_arguments(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "EXCLUDE": lambda request: True}
    serve(settings, lambda request: track("Lead", request=request, consent=True, user_data=ANN))

    answer = visitor.post("/act/")

    assert answer.content == b"None"
    assert not Event.objects.exists()


def test_a_monitor_that_requests_a_page_is_not_a_customer(settings: Settings) -> None:
    serve(settings, lambda request: track("ViewContent", request=request))

    answer = Client(HTTP_USER_AGENT="curl/8.5.0").get("/act/")

    assert answer.content == b"None"
    assert not Event.objects.exists()


def test_a_consent_that_is_not_a_boolean_is_refused(rf: RequestFactory, settings: Settings) -> None:
    settings.DEBUG = True

    with pytest.raises(InvalidEvent, match="consent: must be True, False or None"):
        track("Lead", consent="no", user_data=ANN)  # type: ignore[arg-type]


class TestCurrentRequest:
    """The current request is there for those who ask for it by name, while it is being answered."""

    def test_it_is_the_one_that_is_being_answered(self, visitor: Client, settings: Settings) -> None:
        serve(settings, lambda request: current_request() is request)

        assert visitor.get("/act/").content == b"True"
        assert current_request() is None

    def test_an_event_with_the_current_request_has_its_visitor(self, visitor: Client, settings: Settings) -> None:
        serve(settings, lambda request: track("Lead", request=current_request()))

        visitor.get("/act/")

        assert json.loads(Event.objects.get().payload)["user_data"]["fbp"] == FBP

    def test_a_thread_that_outlives_the_request_has_none(self, visitor: Client, settings: Settings) -> None:
        answered = threading.Event()
        found: list[object] = []

        def act(request: HttpRequest) -> None:
            def later() -> None:
                answered.wait(10)
                found.append(current_request())

            thread = threading.Thread(target=contextvars.copy_context().run, args=[later])
            thread.start()
            threads.append(thread)

        threads: list[threading.Thread] = []
        serve(settings, act)
        visitor.get("/act/")
        answered.set()
        threads[0].join(10)

        assert found == [None]

    def test_a_task_that_outlives_an_async_view_has_no_visitor(
        self, async_visitor: AsyncClient, settings: Settings
    ) -> None:
        settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: True}
        found: list[object] = []

        async def view(request: HttpRequest) -> HttpResponse:
            async def later() -> None:
                await answered.wait()
                found.append(current_request())
                found.append(await atrack("Lead", user_data=ANN))
                found.append(await atrack("Lead", user_data=ANN, consent=True))

            tasks.append(asyncio.create_task(later()))
            return HttpResponse("ok")

        async def visit() -> None:
            await async_visitor.post("/act/", headers=HEADERS)
            answered.set()
            await tasks[0]

        tasks: list[asyncio.Task[None]] = []
        answered = asyncio.Event()
        settings.ROOT_URLCONF = Site(view)
        async_to_sync(visit)()

        assert found[:2] == [None, None]
        assert json.loads(Event.objects.get(event_id=found[2]).payload)["user_data"].keys() == {"em"}

    def test_a_request_that_is_given_counts_also_when_it_is_finished(
        self, async_visitor: AsyncClient, settings: Settings
    ) -> None:
        async def view(request: HttpRequest) -> HttpResponse:
            requests.append(request)
            return HttpResponse("ok")

        requests: list[Any] = []
        settings.ROOT_URLCONF = Site(view)
        async_to_sync(async_visitor.post)("/act/", headers=HEADERS)

        async_to_sync(sync_to_async(track))("Lead", request=requests[0])

        assert json.loads(Event.objects.get().payload)["user_data"]["client_user_agent"] == AGENT


def test_what_is_no_website_event_has_no_browser_copy(visitor: Client, settings: Settings) -> None:
    serve(settings, lambda request: track("Contact", request=request, action_source="phone_call"))

    visitor.post("/act/")

    assert Event.objects.get().action_source == "phone_call"
    assert "Contact" not in events(visitor.get("/page/"))
