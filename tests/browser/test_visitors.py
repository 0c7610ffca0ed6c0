"""A page that was made for another browser is treated as a public one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.site import FBP, PIXEL, STRANGERS_FBP, Site, block, digest, event, made_for

pytestmark = pytest.mark.browser

VISITOR = re.compile("/visitor/")
Seen = Callable[[], list[tuple[str, str | None]]]
GIVEN = {"consent": True, "denied": False, "excluded": False, "pixels": [{"id": PIXEL}], "events": []}
HASH = "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b"


def test_the_digest_is_that_of_fnv_1a() -> None:
    assert [digest(text) for text in ("", "a", "foobar")] == ["811c9dc5", "e40c292c", "bf9cf968"]


def test_an_own_page_keeps_its_id_and_asks_nothing(site: Site, page: Page) -> None:
    page.goto(site.put("/", events=[event("PageView")], **made_for(FBP)))

    (item,) = site.reported("PageView")
    assert (item["event_id"], item["mirror"]) == ("server-id-0001", False)
    assert site.questions == []


def test_one_of_two_fbp_cookies_has_to_match(site: Site, context: BrowserContext, page: Page) -> None:
    context.add_cookies([{"name": "_fbp", "value": STRANGERS_FBP, "domain": "127.0.0.1", "path": "/shop"}])

    page.goto(site.put("/shop/", events=[event("PageView")], **made_for(FBP)))

    assert [item["event_id"] for item in site.reported("PageView")] == ["server-id-0001"]


@pytest.mark.parametrize("has_cookie", [True, False])
def test_the_page_of_another_browser_is_taken_as_public(
    site: Site, context: BrowserContext, page: Page, *, has_cookie: bool
) -> None:
    if not has_cookie:
        context.clear_cookies()
    site.visitor.append(GIVEN)
    own = block(event("Lead", "copy-of-other", spec=None, **made_for(STRANGERS_FBP)), "capi-event-1")
    events = [event("PageView"), event("Purchase", "purchase-0001", spec=None)]

    page.goto(site.put("/", own, events=events, denied=True, **made_for(STRANGERS_FBP)))

    (item,) = site.reported("PageView")
    assert (item["mirror"], item["spec"]) == (True, "spec of PageView")
    assert item["event_id"] != "server-id-0001"
    assert len(site.questions) == 1
    assert len(site.items()) == 1


def test_a_browser_that_keeps_no_cookies_fires_the_servers_id(site: Site, context: BrowserContext, page: Page) -> None:
    context.clear_cookies()
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'cookieEnabled', {get: () => false});")

    page.goto(site.put("/", events=[event("PageView")], **made_for(STRANGERS_FBP)))

    (item,) = site.reported("PageView")
    assert (item["event_id"], item["mirror"], site.questions) == ("server-id-0001", False, [])


def test_a_stranger_who_refuses_fires_nothing(site: Site, page: Page, seen: Seen) -> None:
    site.visitor.append({**GIVEN, "consent": False, "denied": True})

    with page.expect_response(VISITOR):
        page.goto(site.put("/", events=[event("PageView")], **made_for(STRANGERS_FBP)))
    page.evaluate("capi.track('Lead')")

    assert page.evaluate("window.fbq") is None
    assert seen() == []


def test_contact_data_is_asked_for_before_the_pixel_is_initialised(site: Site, page: Page) -> None:
    site.visitor.append({**GIVEN, "pixels": [{"id": PIXEL, "user_data": {"em": HASH}}]})

    page.goto(site.put("/", events=[event("PageView")], matching=True))
    page.evaluate("capi.track('Lead')")

    site.reported("PageView", "Lead")
    assert len(site.questions) == 1
    assert page.evaluate("fbq.getState().pixels[0].userData") == {"em": HASH}


def test_without_an_answer_the_pixel_is_initialised_without_contact_data(site: Site, page: Page) -> None:
    site.visitor.append(503)

    page.goto(site.put("/", events=[event("PageView")], matching=True))

    site.reported("PageView")
    assert len(site.questions) == 4
