"""wagtail-cache in front of the views, where it is installed: `.ci/run` has an environment with it."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from pytest_django import Settings

from tests.caches.people import CLICK, COOKIES, ORDERS, POLICY, Pages, Seen, Site, assert_one_page_for_all, cookies_of
from tests.conftest import AGENT

pytest.importorskip("wagtailcache", reason="wagtail-cache is not installed")
pytestmark = [pytest.mark.django_db]

HEADER = "X-Wagtail-Cache"


@pytest.fixture
def pages(settings: Settings) -> Pages:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": uuid.uuid4().hex}
    }
    settings.MIDDLEWARE = [
        "wagtailcache.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "wagtailcache.cache.FetchFromCacheMiddleware",
    ]
    settings.CAPI = {**settings.CAPI, **POLICY}
    found = Pages()
    settings.ROOT_URLCONF = Site(found)
    return found


def visit(name: str, path: str = "/shop/tea/") -> Seen:
    client = Client(HTTP_USER_AGENT=AGENT)
    for key, value in cookies_of(name).items():
        client.cookies[key] = value
    response = client.get(path)
    assert response.status_code == 200
    return Seen(
        text=response.content.decode(),
        set_cookie=response.cookies.output(header=""),
        status=response.headers[HEADER],
    )


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: f"{order[0]}-first")
def test_a_page_that_is_kept_is_for_everybody(pages: Pages, order: list[str]) -> None:
    """Those who are signed in get pages of their own: that is wagtail-cache's rule."""
    anonymous = [name for name in order if name != "signed-in"]

    seen = [visit(name) for name in anonymous]

    assert [one.status for one in seen] == ["miss", "hit", "hit", "hit"]
    assert_one_page_for_all(seen, pages, hit="hit")


def test_the_page_of_one_who_is_signed_in_is_not_kept(pages: Pages) -> None:
    own, other = visit("signed-in"), visit("consenting")

    assert (own.status, other.status) == ("skip", "miss")
    assert len(own.ids) == 2
    assert other.of_a_visitor() == []


def test_clicks_share_the_page_and_reach_the_site_beside_it(pages: Pages) -> None:
    seen = [visit("new", f"/shop/tea/?fbclid={CLICK}-{number}") for number in range(3)]
    client = Client(HTTP_USER_AGENT=AGENT)
    client.cookies["answer"] = COOKIES["new"]["answer"]
    answer = client.get(f"/capi/visitor/?fbclid={CLICK}-0")

    assert_one_page_for_all(seen, pages, hit="hit")
    assert answer.headers[HEADER] == "skip"
    assert {name: cookie.value.rpartition(".")[2] for name, cookie in answer.cookies.items()}["_fbc"] == f"{CLICK}-0"
    assert answer.json()["consent"] is True


def test_a_visitor_keeps_the_fbp_through_many_pages(pages: Pages) -> None:
    client = Client(HTTP_USER_AGENT=AGENT)
    client.cookies["answer"] = "yes"
    client.get("/capi/visitor/")
    first = client.cookies["_fbp"].value

    for number in range(3):
        client.get(f"/shop/tea-{number}/")
        client.get("/capi/visitor/")

    assert client.cookies["_fbp"].value == first
