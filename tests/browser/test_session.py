"""Browser copies in the session: no failure of the session changes the site's response."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import logout
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.core.cache.backends.base import BaseCache
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from django_capi.models import Event
from django_capi.tracking import track
from django_capi.types import ContentDict
from tests.support.failing_sql import failing
from tests.support.pages import events
from tests.tracking.serving import serve

pytestmark = pytest.mark.django_db(transaction=True)

NOWHERE = {"default": {"BACKEND": f"{__name__}.Down"}}
BACKENDS = "django.contrib.sessions.backends."


@pytest.fixture
def bold(visitor: Client) -> Client:
    visitor.raise_request_exception = False
    return visitor


class Down(BaseCache):
    """A cache whose server does not answer."""

    def __init__(self, location: str, options: dict[str, Any]) -> None:
        super().__init__(options)

    def get(self, *call: Any, **options: Any) -> Any:
        raise ConnectionError("127.0.0.1:1")

    add = set = delete = get


class Moody(db.SessionStore):
    """A session store that refuses what it is told to refuse."""

    refuses: frozenset[str] = frozenset()
    error: type[Exception] = ConnectionError

    def load(self) -> dict[str, Any]:
        if "load" in self.refuses:
            raise self.error("ann@example.com")
        return super().load()

    def save(self, must_create: bool = False) -> None:
        if "save" in self.refuses:
            raise self.error("ann@example.com")
        super().save(must_create)


SessionStore = Moody  # the name that Django looks for in a session engine


@pytest.fixture
def moody(settings: Settings) -> Iterator[type[Moody]]:
    settings.SESSION_ENGINE = __name__
    yield Moody
    Moody.refuses, Moody.error = frozenset(), ConnectionError


def lead(request: HttpRequest) -> HttpResponseRedirect:
    if "track" in request.GET:
        track("Lead", request=request)
    return HttpResponseRedirect("/page/")


@pytest.mark.parametrize("engine", ["cache", "cached_db"])
@pytest.mark.parametrize("has_session", [False, True], ids=["newcomer", "with a session"])
def test_a_cache_that_is_down_changes_no_response(
    bold: Client, settings: Settings, engine: str, has_session: bool
) -> None:
    if has_session:
        bold.cookies["sessionid"] = "a" * 32
    settings.SESSION_ENGINE = BACKENDS + engine
    settings.CACHES = NOWHERE
    serve(settings, lead)
    without = bold.post("/act/")

    answer = bold.post("/act/?track")

    assert (answer.status_code, without.status_code) == (302, 302)
    assert [event.event_name for event in Event.objects.all()] == ["Lead"]


def test_a_database_that_refuses_the_session_changes_no_response(
    bold: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    serve(settings, lead)

    with failing("INSERT", "django_session", error=OperationalError):
        answer = bold.post("/act/?track")

    assert answer.status_code == 302
    assert not answer.cookies
    assert Event.objects.exists()
    assert "The session could not be used, and browser copies are lost: OperationalError." in caplog.text


@pytest.mark.parametrize("refuses", ["load", "save", "load save"])
@pytest.mark.parametrize("error", [ConnectionError, OSError, ValueError, TypeError, UpdateError], ids=str)
def test_a_store_that_fails_breaks_neither_the_act_nor_the_next_page(
    bold: Client,
    settings: Settings,
    moody: type[Moody],
    caplog: pytest.LogCaptureFixture,
    refuses: str,
    error: type[Exception],
) -> None:
    serve(settings, lead)
    bold.post("/act/?track")
    moody.refuses, moody.error = frozenset(refuses.split()), error

    act, page = bold.post("/act/?track"), bold.get("/page/")

    assert (act.status_code, page.status_code) == (302, 200)
    assert set(events(page)) == {"PageView"}
    assert Event.objects.filter(event_name="Lead").count() == 2
    assert "ann@example.com" not in caplog.text


def test_copies_that_could_not_be_taken_out_come_with_a_later_page(
    bold: Client, settings: Settings, moody: type[Moody]
) -> None:
    serve(settings, lead)
    bold.post("/act/?track")
    moody.refuses = frozenset({"save"})
    first = bold.get("/page/")
    moody.refuses = frozenset()

    second = bold.get("/page/")

    assert "Lead" not in events(first)
    assert "Lead" in events(second)


def test_the_views_own_session_data_is_saved_with_the_copies(bold: Client, settings: Settings) -> None:
    def act(request: HttpRequest) -> HttpResponseRedirect:
        request.session["cart"] = ["SKU-1"]
        return lead(request)

    serve(settings, act)

    bold.post("/act/?track")

    assert bold.session["cart"] == ["SKU-1"]
    assert "Lead" in events(bold.get("/page/"))
    assert bold.session["cart"] == ["SKU-1"]


def test_the_views_own_failing_session_still_fails(bold: Client, settings: Settings, moody: type[Moody]) -> None:
    def act(request: HttpRequest) -> HttpResponseRedirect:
        request.session["cart"] = ["SKU-1"]
        return lead(request)

    serve(settings, act)
    moody.refuses = frozenset({"save"})

    assert bold.post("/act/").status_code == bold.post("/act/?track").status_code == 500


def test_a_session_that_a_concurrent_request_has_ended_is_not_an_error_of_the_page(
    bold: Client, settings: Settings
) -> None:
    def act(request: HttpRequest) -> HttpResponseRedirect:
        request.session.get("cart")
        Session.objects.all().delete()  # a log-out in another tab
        return lead(request)

    serve(settings, lead)
    bold.post("/act/?track")
    serve(settings, act)

    assert bold.post("/act/?track").status_code == 302


def test_a_session_that_the_view_has_ended_stays_ended(
    bold: Client, settings: Settings, django_user_model: Any
) -> None:
    def act(request: HttpRequest) -> HttpResponseRedirect:
        logout(request)
        return lead(request)

    bold.force_login(django_user_model.objects.create_user("ann"))
    serve(settings, act)

    answer = bold.post("/act/?track")

    assert answer.cookies["sessionid"].value == ""
    assert not Session.objects.exists()
    assert Event.objects.exists()


def test_a_visitor_whose_session_has_expired_gets_a_new_one_for_the_copies(bold: Client, settings: Settings) -> None:
    bold.cookies["sessionid"] = "b" * 32
    serve(settings, lead)

    bold.post("/act/?track")

    assert "Lead" in events(bold.get("/page/"))


class TestInTheCookie:
    @pytest.fixture(autouse=True)
    def _engine(self, settings: Settings) -> None:
        settings.SESSION_ENGINE = BACKENDS + "signed_cookies"

    def test_the_cookie_brings_the_copies_to_the_next_page(self, bold: Client, settings: Settings) -> None:
        serve(settings, lead)
        bold.post("/act/?track")

        first, second = bold.get("/page/"), bold.get("/page/")

        assert ("Lead" in events(first), "Lead" in events(second)) == (True, False)

    def test_the_cookie_never_grows_beyond_what_a_browser_keeps(self, bold: Client, settings: Settings) -> None:
        def act(request: HttpRequest) -> HttpResponseRedirect:
            lines: list[ContentDict] = [{"id": f"SKU-{n * 7919 % 100_003}", "quantity": n} for n in range(1, 60)]
            track("AddToCart", request=request, custom_data={"contents": lines})
            return HttpResponseRedirect("/page/")

        serve(settings, act)

        sizes = [len(bold.post("/act/").cookies.output()) for _ in range(6)]

        assert max(sizes) < 4000
        assert "AddToCart" in events(bold.get("/page/"))

    def test_a_session_that_is_full_already_stays_as_it_is(self, bold: Client, settings: Settings) -> None:
        text = "".join(random.Random(7).choices(string.ascii_letters, k=3_600))  # which does not compress

        def act(request: HttpRequest) -> HttpResponseRedirect:
            request.session["text"] = text
            return lead(request)

        serve(settings, act)

        answer = bold.post("/act/?track")

        assert answer.status_code == 302
        assert bold.session["text"] == text
        assert "_capi" not in bold.session
        assert Event.objects.exists()


def test_a_copy_for_a_known_session_saves_it_once(bold: Client, settings: Settings, django_user_model: Any) -> None:
    bold.force_login(django_user_model.objects.create_user("ann"))
    serve(settings, lead)

    with CaptureQueriesContext(connection) as queries:
        answer = bold.post("/act/?track")

    table = connection.ops.quote_name("django_session")
    assert sum(query["sql"].startswith(f"UPDATE {table}") for query in queries) == 1
    assert not answer.cookies


@pytest.mark.parametrize("backend", ["db", "cached_db", "cache", "file"])
def test_what_another_request_saves_meanwhile_is_kept(
    backend: str, bold: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.SESSION_ENGINE, settings.SESSION_FILE_PATH = BACKENDS + backend, str(tmp_path)
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": backend}}

    def put_in_the_cart(request: HttpRequest) -> None:
        request.session["cart"] = request.session.get("cart", 0) + 1

    def slow(request: HttpRequest) -> HttpResponse:
        """It reads the session and tracks, or is a page, which takes the copy out again."""
        assert request.session["cart"]
        response = lead(request) if request.method == "POST" else render(request, "page.html")
        serve(settings, put_in_the_cart)
        bold.post("/act/")
        return response

    serve(settings, put_in_the_cart)
    bold.post("/act/")
    serve(settings, slow)
    bold.post("/act/?track")
    serve(settings, slow)
    page = bold.get("/act/")
    serve(settings, lambda request: request.session["cart"])

    assert bold.get("/act/").content == b"3"
    assert "Lead" in events(page)
    assert "Lead" not in events(bold.get("/page/"))
