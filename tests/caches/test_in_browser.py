"""Chromium behind a cache that ignores every header: the page of another browser is taken as a public one."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from django_capi.models import Event
from tests.caches.nginx import STATUS, Nginx
from tests.caches.people import COOKIES, Pages
from tests.support.chromium import AGENT, launched
from tests.support.fbevents import stand_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("live_server"),
]

FIRED = "(window.calls || []).filter((call) => call[0] === 'trackSingle').map((call) => [call[2], call[4].eventID])"
SECOND = {"answer": "yes", "_fbp": "fb.1.1596403881668.4000000004"}


def arrive(browser: Browser, site: str, cookies: dict[str, str]) -> Page:
    context: BrowserContext = browser.new_context(user_agent=AGENT)
    context.set_default_timeout(30_000)
    context.add_cookies([{"name": name, "value": value, "url": site} for name, value in cookies.items()])
    stand_in(context)
    return context.new_page()


def fired(page: Page, address: str) -> tuple[str, dict[str, str]]:
    """The cache's status, and the ids by name once they are reported."""
    with page.expect_response("**/capi/collect/") as reported:
        response = page.goto(address)
    assert response and reported.value.status == 204
    return response.headers[STATUS.lower()], dict(page.evaluate(FIRED))


def test_the_second_browser_makes_ids_of_its_own(shop: Pages, nginx: Nginx, address: str) -> None:
    site, url = nginx.url("ignoring", "/"), nginx.url("ignoring", address)

    with launched() as browser:
        first = fired(arrive(browser, site, dict(COOKIES["consenting"])), url)
        second = fired(arrive(browser, site, SECOND), url)
        refusing = arrive(browser, site, dict(COOKIES["refusing"]))
        with refusing.expect_response("**/capi/visitor/*") as answer:
            response = refusing.goto(url)
        asked = answer.value.json()
        refusing.wait_for_load_state("networkidle")
        refused = refusing.evaluate(FIRED)

    assert (first[0], second[0], response and response.headers[STATUS.lower()]) == ("MISS", "HIT", "HIT")
    assert set(first[1]) == set(second[1]) == {"PageView", "ViewContent"}
    assert not set(first[1].values()) & set(second[1].values())
    assert (asked["consent"], refused) == (False, [])
    rows = Event.objects.all()
    stored = {(row.event_name, row.event_id): json.loads(row.payload)["user_data"]["fbp"] for row in rows}
    assert stored == {
        **dict.fromkeys(first[1].items(), COOKIES["consenting"]["_fbp"]),
        **dict.fromkeys(second[1].items(), SECOND["_fbp"]),
    }
