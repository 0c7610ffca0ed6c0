"""Django's own caches in front of the views: what they keep has nothing of the visitor for whom it was made."""

from __future__ import annotations

import os
import socket
import uuid
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.views.decorators.cache import cache_page
from pytest_django import Settings

from tests.caches.nginx import missing
from tests.caches.people import (
    CLICK,
    COOKIES,
    ORDERS,
    POLICY,
    Pages,
    Seen,
    Site,
    assert_one_page_for_all,
    cookies_of,
)
from tests.conftest import AGENT

pytestmark = pytest.mark.django_db

REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/15")
UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
HITS = 1_000


def redis() -> dict[str, Any]:
    parts = urlsplit(REDIS)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()
    except OSError:
        missing(f"Redis does not answer on {parts.hostname}:{parts.port}")
    return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS, "KEY_PREFIX": uuid.uuid4().hex}


def locmem() -> dict[str, Any]:
    return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": uuid.uuid4().hex}


@pytest.fixture(params=[locmem, redis], ids=["locmem", "redis"])
def backend(request: pytest.FixtureRequest, settings: Settings) -> None:
    settings.CACHES = {"default": request.param()}
    caches["default"].get("connected-before-the-first-request")


@pytest.fixture(params=["site-wide", "one view"])
def pages(request: pytest.FixtureRequest, settings: Settings, backend: None) -> Pages:
    settings.CAPI = {**settings.CAPI, **POLICY}
    found = Pages()
    if request.param == "site-wide":
        settings.MIDDLEWARE = [UPDATE, *settings.MIDDLEWARE, FETCH]
        settings.ROOT_URLCONF = Site(found)
    else:
        settings.ROOT_URLCONF = Site(cache_page(60)(found))
    return found


def client_of(name: str) -> Client:
    client = Client(HTTP_USER_AGENT=AGENT)
    for key, value in cookies_of(name).items():
        client.cookies[key] = value
    return client


def visit(name: str) -> Seen:
    response = client_of(name).get("/shop/tea/")
    assert response.status_code == 200
    return Seen(text=response.content.decode(), set_cookie=response.cookies.output(header=""), status="")


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: f"{order[0]}-first")
def test_a_page_that_is_kept_is_for_everybody(pages: Pages, order: list[str]) -> None:
    seen = [visit(name) for name in order]

    assert_one_page_for_all(seen, pages, hit="")


@pytest.mark.parametrize("order", ORDERS[:2], ids=lambda order: f"{order[0]}-first")
def test_a_page_that_says_it_is_private_is_not_kept(pages: Pages, order: list[str]) -> None:
    pages.headers = {"Cache-Control": "private"}

    seen = [visit(name) for name in order]

    assert pages.calls.total() == len(order)
    assert all(one.of_a_visitor() == [] for one in seen)


def test_hits_ask_the_database_nothing(pages: Pages) -> None:
    clients = [client_of(name) for name in COOKIES]
    clients[0].get("/shop/tea/")

    with CaptureQueriesContext(connection) as queries:
        for number in range(HITS):
            clients[number % len(clients)].get("/shop/tea/")

    assert pages.calls.total() == 1
    assert [query["sql"] for query in queries] == []


def test_a_click_reaches_the_site_beside_the_cache(pages: Pages) -> None:
    landing = client_of("new").get(f"/shop/tea/?fbclid={CLICK}")
    answer = client_of("new").get(f"/capi/visitor/?fbclid={CLICK}")

    assert CLICK not in landing.content.decode() + landing.cookies.output()
    assert answer.cookies["_fbc"].value.endswith(f".{CLICK}")
