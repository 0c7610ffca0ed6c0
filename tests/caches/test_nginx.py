"""nginx in front of the site: what it keeps has nothing of the visitor for whom it was made."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils.http import http_date

from django_capi.meta.cookies import checksum
from tests.caches.nginx import STATUS, Nginx
from tests.caches.people import (
    CLICK,
    CONSENT,
    COOKIES,
    HASH,
    ORDERS,
    Pages,
    Seen,
    assert_each_has_an_own_page,
    assert_one_page_for_all,
    cookies_of,
)
from tests.conftest import AGENT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("live_server")]

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


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: f"{order[0]}-first")
@pytest.mark.parametrize(("cache", "headers"), KEPT, ids=str)
def test_a_page_that_is_kept_is_for_everybody(
    shop: Pages, visit: Visit, address: str, cache: str, headers: dict[str, str], order: list[str]
) -> None:
    shop.headers = headers

    seen = [visit(name, cache, address) for name in order]

    assert_one_page_for_all(seen, shop, hit="HIT")


@pytest.mark.parametrize(("cache", "headers"), NOT_KEPT, ids=str)
def test_a_page_for_one_visitor_is_not_kept(
    shop: Pages, visit: Visit, address: str, cache: str, headers: dict[str, str]
) -> None:
    shop.headers = headers
    order = ORDERS[0]

    seen = [visit(name, cache, address) for name in order]

    assert "HIT" not in {one.status for one in seen}
    assert_each_has_an_own_page(order, seen)


@pytest.mark.parametrize("cache", ["obeying", "lasting", "by-path", "network", "surrogate"])
def test_the_answer_to_one_visitor_is_not_kept(shop: Pages, nginx: Nginx, cache: str) -> None:
    answers = {
        name: nginx.ask(cache, "/capi/visitor/", cookies=cookies_of(name), headers={"User-Agent": AGENT})
        for name in COOKIES
    }

    assert {name: answer.json()["consent"] for name, answer in answers.items()} == CONSENT
    assert [name for name, answer in answers.items() if HASH in answer.text] == ["signed-in"]


def test_no_cache_keeps_the_answer_to_a_post(shop: Pages, nginx: Nginx) -> None:
    """Not even one that ignores every header: the script asks so."""
    answers = {
        name: nginx.ask("ignoring", "/capi/visitor/", method="POST", cookies=cookies_of(name)) for name in COOKIES
    }

    assert {name: answer.json()["consent"] for name, answer in answers.items()} == CONSENT


@pytest.mark.parametrize(("cache", "pages"), [("obeying", 2), ("by-path", 1)])
def test_a_click_does_not_stay_in_the_page(shop: Pages, visit: Visit, address: str, cache: str, pages: int) -> None:
    shop.headers = {"Cache-Control": "s-maxage=60"}

    seen = [visit("new", cache, f"{address}{query}") for query in (f"?fbclid={CLICK}", "?fbclid=another-click")]

    assert [one.of_a_visitor() for one in seen] == [[], []]
    assert shop.calls.total() == pages


def test_a_cache_that_ignores_the_headers_hands_out_a_page_made_for_another(
    shop: Pages, visit: Visit, address: str
) -> None:
    """It says for whom; `test_in_browser` shows what becomes of it."""
    seen = [visit(name, "ignoring", address) for name in ("consenting", "signed-in")]

    assert (seen[1].status, seen[1].text) == ("HIT", seen[0].text)
    assert seen[1].made_for == checksum(COOKIES["consenting"]["_fbp"])
    assert HASH not in seen[1].text


def test_a_page_that_sets_a_cookie_is_not_kept(shop: Pages, visit: Visit, address: str) -> None:
    seen = [visit("new", "ignoring", address) for _ in range(2)]

    assert [one.status for one in seen] == ["MISS", "MISS"]
    assert seen[0].set_cookie != seen[1].set_cookie
