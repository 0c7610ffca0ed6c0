"""nginx in front of the site: what it keeps has nothing of the visitor for whom it was made."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from django.utils.http import http_date
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.caches.nginx import STATUS, Nginx, in_front_of
from tests.caches.people import (
    ORDERS,
    POLICY,
    Pages,
    Seen,
    Site,
    assert_each_has_an_own_page,
    assert_one_page_for_all,
    cookies_of,
)
from tests.conftest import AGENT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_collect_connections", "live_server")]

LATER = 4_102_444_800  # in the year 2100
KEPT = [
    ("obeying", {"Cache-Control": "max-age=60"}),
    ("obeying", {"Cache-Control": "s-maxage=60"}),
    ("obeying", {"Cache-Control": "public, max-age=60"}),
    ("obeying", {"Expires": http_date(LATER)}),
    ("obeying", {"X-Accel-Expires": "60"}),
    ("obeying", {"X-Accel-Expires": f"@{LATER}"}),
    ("lasting", {"Cache-Control": "public"}),
    ("lasting", {"Surrogate-Control": "max-age=60"}),
    ("by-path", {"Cache-Control": "max-age=60"}),
    ("network", {"CDN-Cache-Control": "max-age=60"}),
    ("network", {"CDN-Cache-Control": "max-age=60", "Cache-Control": "private"}),
    ("surrogate", {"Surrogate-Control": "max-age=60"}),
]
NOT_KEPT = [
    ("obeying", {}),
    ("lasting", {}),
    ("lasting", {"Cache-Control": "private, max-age=60"}),
    ("lasting", {"Cache-Control": "no-store"}),
    ("lasting", {"X-Accel-Expires": "0"}),
    ("by-path", {}),
    ("network", {}),
    ("surrogate", {}),
]

Visit = Callable[..., Seen]


@pytest.fixture(scope="module")
def nginx(live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with in_front_of(live_server.url, tmp_path_factory.mktemp("nginx")) as found:
        yield found


@pytest.fixture
def pages(settings: Settings) -> Pages:
    """At `/shop/…`, beside the pages of the test site."""
    settings.CAPI = {**settings.CAPI, **POLICY}
    found = Pages()
    settings.ROOT_URLCONF = Site(found)
    return found


@pytest.fixture
def visit(nginx: Nginx) -> Visit:
    def visit(name: str, cache: str, path: str) -> Seen:
        response = nginx.ask(cache, path, cookies=cookies_of(name), headers={"User-Agent": AGENT})
        assert response.status_code == 200
        return Seen(
            text=response.text,
            set_cookie=response.headers.get("Set-Cookie", ""),
            status=response.headers[STATUS],
        )

    return visit


@pytest.fixture
def address() -> str:
    """One that the cache has not seen yet."""
    return f"/shop/{uuid.uuid4()}/"


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: f"{order[0]}-first")
@pytest.mark.parametrize(("cache", "headers"), KEPT, ids=str)
def test_a_page_that_is_kept_is_for_everybody(
    pages: Pages, visit: Visit, address: str, cache: str, headers: dict[str, str], order: list[str]
) -> None:
    pages.headers = headers

    seen = [visit(name, cache, address) for name in order]

    assert_one_page_for_all(seen, pages, hit="HIT")


@pytest.mark.parametrize(("cache", "headers"), NOT_KEPT, ids=str)
def test_a_page_for_one_visitor_is_not_kept(
    pages: Pages, visit: Visit, address: str, cache: str, headers: dict[str, str]
) -> None:
    pages.headers = headers
    order = ORDERS[0]

    seen = [visit(name, cache, address) for name in order]

    assert "HIT" not in {one.status for one in seen}
    assert_each_has_an_own_page(order, seen)
