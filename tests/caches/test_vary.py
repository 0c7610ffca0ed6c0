"""A public page varies by cookie only where the site itself has read the session."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.conftest import HEADERS
from tests.tracking.serving import Site, serve

pytestmark = pytest.mark.django_db


def page(request: HttpRequest, headers: dict[str, str]) -> HttpResponse:
    response = render(request, "product.html")
    for name, value in headers.items():
        response.headers[name] = value
    return response


def visit(client: Client, settings: Settings, headers: dict[str, str]) -> Any:
    serve(settings, lambda request: page(request, headers))
    return client.get("/act/")


def greet(request: HttpRequest) -> HttpResponse:
    response = page(request, {"Cache-Control": "s-maxage=60"})
    response.content += f"<p>{request.user}</p>".encode()  # after the pixel has read it
    return response


@pytest.fixture
def member(visitor: Client) -> Client:
    visitor.force_login(User.objects.create(username="jane", email="jane@example.com"))
    return visitor


def test_a_public_page_does_not_vary_by_what_this_app_reads(member: Client, settings: Settings) -> None:
    assert not visit(member, settings, {"Cache-Control": "s-maxage=60"}).has_header("Vary")


def test_it_varies_by_what_the_site_reads(member: Client, settings: Settings) -> None:
    serve(settings, greet)

    with CaptureQueriesContext(connection) as queries:
        response = member.get("/act/")

    assert response.headers["Vary"] == "Cookie"
    assert b"<p>jane</p>" in response.content
    assert sum("auth_user" in query["sql"] for query in queries) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_read", [False, True], ids=["ours", "the site's"])
def test_in_an_event_loop_as_well(async_visitor: AsyncClient, settings: Settings, *, is_read: bool) -> None:
    async def act(request: HttpRequest) -> HttpResponse:
        response = page(request, {"Cache-Control": "s-maxage=60"})
        response.content += str(await request.auser()).encode() if is_read else b""
        return response

    settings.ROOT_URLCONF = Site(act)
    async_visitor.force_login(User.objects.create(username="jane"))
    response = async_to_sync(async_visitor.get)("/act/", headers=HEADERS)

    assert response.get("Vary") == ("Cookie" if is_read else None)
    assert b'"for"' not in response.content


def test_it_varies_by_what_the_site_has_read_before(member: Client, settings: Settings) -> None:
    def act(request: HttpRequest) -> HttpResponse:
        assert request.user.is_authenticated
        return page(request, {"Cache-Control": "s-maxage=60"})

    serve(settings, act)

    assert member.get("/act/").headers["Vary"] == "Cookie"


def test_a_page_for_one_visitor_varies(member: Client, settings: Settings) -> None:
    response = visit(member, settings, {})

    assert (response.headers["Cache-Control"], response.headers["Vary"]) == ("private", "Cookie")
