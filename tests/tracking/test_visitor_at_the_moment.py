"""The visitor, the contact data and the consent of an event are those of the moment when it happens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth import login, logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import AsyncClient, Client
from pytest_django import Settings

from django_capi.meta.events import UserData
from django_capi.models import Event
from django_capi.tracking import atrack, track
from django_capi.tracking.page import events_of
from tests.conftest import HEADERS
from tests.support.pages import config
from tests.tracking.serving import Site, serve

pytestmark = pytest.mark.django_db

EMAIL = UserData.from_raw({"em": "ann@example.com"}).payload()["em"]


def user_data(event_name: str) -> Any:
    return json.loads(Event.objects.get(event_name=event_name).payload)["user_data"]


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann", "ann@example.com", first_name="Ann", last_name="O'Neil")


def test_a_sign_up_knows_whom_it_signed_up(visitor: Client, settings: Settings) -> None:
    def act(request: HttpRequest) -> HttpResponse:
        track("ViewContent", request=request)
        assert events_of(request).visitor.contact == {}
        login(request, User.objects.create_user("ann", "ann@example.com"))
        track("CompleteRegistration", request=request)
        return render(request, "page.html")

    serve(settings, act)
    page = visitor.post("/act/")

    assert "external_id" not in user_data("ViewContent")
    assert user_data("CompleteRegistration")["em"] == EMAIL
    assert user_data("PageView")["external_id"] == user_data("CompleteRegistration")["external_id"]
    assert config(page)["matching"]


def test_a_log_out_is_noticed_as_well(visitor: Client, settings: Settings, ann: User) -> None:
    def act(request: HttpRequest) -> None:
        track("Contact", request=request)
        logout(request)
        track("Lead", request=request)

    visitor.force_login(ann)
    serve(settings, act)
    visitor.post("/act/")

    assert "external_id" in user_data("Contact")
    assert "external_id" not in user_data("Lead")


def test_an_address_that_has_just_been_changed_is_the_new_one(visitor: Client, settings: Settings, ann: User) -> None:
    def act(request: HttpRequest) -> None:
        track("Contact", request=request)
        assert isinstance(request.user, User)
        request.user.email = "ann@example.org"
        track("Lead", request=request)

    visitor.force_login(ann)
    serve(settings, act)
    visitor.post("/act/")

    assert user_data("Contact")["em"] == EMAIL != user_data("Lead")["em"]


def test_consent_that_is_given_in_the_view_counts_from_then_on(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: request.session.get("marketing")}

    def act(request: HttpRequest) -> HttpResponse:
        track("Contact", request=request)
        request.session["marketing"] = True
        track("Lead", request=request)
        request.session["marketing"] = False
        track("Schedule", request=request)
        return HttpResponse("ok")

    serve(settings, act)
    visitor.post("/act/")

    assert [event.event_name for event in Event.objects.all()] == ["Lead"]


def test_a_page_asks_the_policy_and_the_user_once_for_all_its_tags(
    visitor: Client, settings: Settings, ann: User
) -> None:
    asked: list[str] = []

    def policy(request: HttpRequest) -> bool:
        asked.append("CONSENT")
        return True

    def person(request: HttpRequest) -> dict[str, str]:
        asked.append("USER_DATA")
        return {"em": "ann@example.com"}

    settings.CAPI = {**settings.CAPI, "CONSENT": policy, "USER_DATA": person}
    visitor.force_login(ann)

    visitor.get("/product/")

    assert sorted(asked) == ["CONSENT", "USER_DATA"]


def test_one_action_asks_them_once(visitor: Client, settings: Settings) -> None:
    asked: list[int] = []
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: not asked.append(1)}  # type: ignore[func-returns-value]

    visitor.post("/lead/")

    assert len(asked) == 1


class TestUserData:
    def test_user_data_is_called_for_signed_in_users_only(self, visitor: Client, settings: Settings, ann: User) -> None:
        asked: list[str] = []

        def person(request: HttpRequest) -> dict[str, str]:
            assert isinstance(request.user, User)
            asked.append(request.user.email)
            return {"em": request.user.email}

        settings.CAPI = {**settings.CAPI, "USER_DATA": person}

        visitor.post("/lead/")
        visitor.force_login(ann)
        visitor.post("/lead/")

        assert asked == ["ann@example.com"]

    def test_by_default_it_is_what_djangos_user_has(self, visitor: Client, ann: User) -> None:
        visitor.force_login(ann)

        visitor.post("/lead/")

        expected = UserData.from_raw({"em": ann.email, "fn": "Ann", "ln": "O'Neil", "external_id": ann.pk})
        assert user_data("Lead").items() >= expected.payload().items()
        assert "ann@example.com" not in Event.objects.get().payload

    def test_what_the_user_does_not_have_is_not_an_error(
        self, visitor: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        visitor.force_login(User.objects.create_user("ann"))

        visitor.post("/lead/")

        assert "em" not in user_data("Lead")
        assert Event.objects.get().left_out == ""
        assert not caplog.records

    def test_a_user_model_of_the_sites_own_names_its_field(self, rf: Any) -> None:
        class Customer:
            is_authenticated = True
            pk = 7
            mail = "ann@example.com"

            def get_email_field_name(self) -> str:
                return "mail"

        request = rf.post("/")
        request.user = Customer()

        track("Lead", request=request, consent=True)

        assert user_data("Lead").keys() >= {"em", "external_id"}
        assert user_data("Lead")["em"] == EMAIL

    def test_a_site_may_say_that_nothing_is_to_be_sent(self, visitor: Client, settings: Settings, ann: User) -> None:
        settings.CAPI = {**settings.CAPI, "USER_DATA": lambda request: {}}
        visitor.force_login(ann)

        visitor.post("/lead/")

        assert user_data("Lead").keys() & {"em", "fn", "ln"} == set()

    def test_a_site_without_djangos_users_is_asked_of_every_request(self, rf: Any, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "USER_DATA": lambda request: {"em": "ann@example.com"}}

        track("Lead", request=rf.post("/", HTTP_USER_AGENT="Mozilla/5.0"))

        assert user_data("Lead")["em"] == EMAIL


@pytest.mark.django_db(transaction=True)
class TestInAnEventLoop:
    """There the signed-in user cannot be fetched: the contact data follows when the response is finished."""

    @pytest.fixture
    def signed_in(self, async_visitor: AsyncClient, ann: User) -> AsyncClient:
        async_visitor.force_login(ann)
        return async_visitor

    def test_an_awaited_event_has_it(self, signed_in: AsyncClient, settings: Settings) -> None:
        async def view(request: HttpRequest) -> HttpResponse:
            return HttpResponse(str(await atrack("Lead", request=request)))

        settings.ROOT_URLCONF = Site(view)
        async_to_sync(signed_in.post)("/act/", headers=HEADERS)

        assert user_data("Lead")["em"] == EMAIL

    def test_an_event_that_is_not_awaited_has_it_too(
        self, signed_in: AsyncClient, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def view(request: HttpRequest) -> HttpResponse:
            return HttpResponse(str(track("Lead", request=request)))

        settings.ROOT_URLCONF = Site(view)
        async_to_sync(signed_in.post)("/act/", headers=HEADERS)

        assert user_data("Lead")["em"] == EMAIL
        assert not caplog.records

    def test_the_events_of_an_async_page_have_it(
        self, signed_in: AsyncClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        answer = async_to_sync(signed_in.get)("/product-async/", headers=HEADERS)

        assert user_data("ViewContent")["em"] == EMAIL
        assert answer.status_code == 200
        assert not caplog.records

    def test_an_event_that_cannot_be_stored_there_says_how_to(self, caplog: pytest.LogCaptureFixture) -> None:
        async def task() -> str | None:
            return track("Lead", consent=True, user_data={"em": "ann@example.com"})

        assert async_to_sync(task)() is None
        assert "await atrack(…)" in caplog.text

    def test_there_an_awaited_event_of_nobody_is_stored(self) -> None:
        async def task() -> str | None:
            return await atrack("Lead", consent=True, user_data={"em": "ann@example.com"})

        event_id = async_to_sync(task)()

        assert Event.objects.get().event_id == event_id

    def test_a_user_who_logs_in_there_is_known(self, async_visitor: AsyncClient, settings: Settings, ann: User) -> None:
        async def view(request: HttpRequest) -> HttpResponse:
            await atrack("ViewContent", request=request)
            await sync_to_async(login)(request, ann)
            await atrack("CompleteRegistration", request=request)
            return HttpResponse("ok")

        settings.ROOT_URLCONF = Site(view)
        async_to_sync(async_visitor.post)("/act/", headers=HEADERS)

        assert "em" not in user_data("ViewContent")
        assert user_data("CompleteRegistration")["em"] == EMAIL
