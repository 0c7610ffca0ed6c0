"""The story in a real browser, and what the admin says of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from example_project.demo import story
from example_project.demo.processes import Demo
from tests.support.chromium import AGENT, launched

PATIENCE = 20.0  # seconds
pytestmark = [pytest.mark.story, pytest.mark.browser]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A new visitor behind the shop's proxy, who keeps a list of what went wrong on the pages."""
    made = browser.new_context(user_agent=AGENT, extra_http_headers={"X-Forwarded-For": story.ADDRESS})
    made.set_default_timeout(20_000)
    yield made
    made.close()


def buy(page: Page, demo: Demo) -> list[str]:
    """Play the story by clicking; what the browser's console complained of."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{demo.shop}/?fbclid={story.CLICK}")
    page.get_by_role("button", name="Accept").click()
    tape(page, "PageView")
    page.get_by_role("link", name="Olive oil from Lesbos").first.click()
    tape(page, "ViewContent")
    page.get_by_role("button", name="Add to cart").click()
    tape(page, "AddToCart")
    page.goto(f"{demo.shop}/checkout/")
    for name, value in story.DETAILS.items():
        field = page.locator(f"[name={name}]")
        if field.evaluate("element => element.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    tape(page, "InitiateCheckout")
    page.locator("main form button[type=submit]").click()
    page.get_by_role("button", name=re.compile("Pay")).click()
    page.wait_for_url("**/thanks/**")
    tape(page, "Purchase")
    page.reload()
    tape(page, "PageView")
    return complaints


def tape(page: Page, name: str) -> None:
    """Wait until the page's tape shows the event as fired."""
    page.locator("#tape li", has_text=name).filter(has_text="fired").first.wait_for()


def test_the_story_in_a_real_browser(demo: Demo, context: BrowserContext, tmp_path: Path) -> None:
    page = context.new_page()

    complaints = buy(page, demo)
    found = story.settled(demo)

    cookies = {cookie["name"]: cookie["value"] for cookie in context.cookies(demo.shop)}
    assert complaints == []
    assert story.pairing_faults(found) == []
    purchase = next(event["event"] for event in found["server"] if event["event_name"] == "Purchase")
    assert {key: purchase["user_data"][key] for key in ("client_ip_address", "client_user_agent", "fbp", "fbc")} == {
        "client_ip_address": story.ADDRESS,
        "client_user_agent": AGENT,
        "fbp": cookies["_fbp"],
        "fbc": cookies["_fbc"],
    }
    assert all(event["fbp"] == cookies["_fbp"] for event in found["browser"])
    deduplication_page_shows_full_overlap(demo, context)


def deduplication_page_shows_full_overlap(demo: Demo, context: BrowserContext) -> None:
    """Events are counted every few seconds, so the first look may be too early."""
    page = log_in(demo, context)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not all(is_full(page, name) for name in story.EXPECTED):
        page.wait_for_timeout(500)
        page.reload()

    assert [name for name in story.EXPECTED if not is_full(page, name)] == []


def is_full(page: Page, name: str) -> bool:
    rows = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True)).all_inner_texts()
    return any(re.search(r"\b100(\.0)?\s?%", text) for text in rows[:1])


def log_in(demo: Demo, context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto(f"{demo.shop}/admin/django_capi/deduplication/")
    page.locator("[name=username]").fill("demo")
    page.locator("[name=password]").fill("demo")
    page.locator("[type=submit]").click()
    page.wait_for_url("**/deduplication/**")
    return page


def test_a_blocked_library_is_reported_as_blocked(demo: Demo, context: BrowserContext) -> None:
    context.route("**/fbevents.js", lambda route: route.abort())
    context.add_cookies([{"name": "shop_consent", "value": "yes", "url": demo.shop}])
    page = context.new_page()
    before = len(story.seen(demo)["browser"])

    page.goto(f"{demo.shop}/")

    page.locator("#tape li", has_text="PageView").filter(has_text="blocked").first.wait_for()
    assert len(story.seen(demo)["browser"]) == before


def test_who_declines_is_told_to_nobody(demo: Demo, context: BrowserContext) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()

    page.goto(f"{demo.shop}/")
    page.get_by_role("button", name="Decline").click()
    page.get_by_role("link", name="Olive oil from Lesbos").first.click()
    page.get_by_role("button", name="Add to cart").click()
    page.locator("#cart-badge").filter(has_text="1").wait_for()

    assert not [url for url in asked if url.startswith(demo.meta)]
    assert not [cookie for cookie in context.cookies() if cookie["name"].startswith("_fb")]


def test_a_page_from_the_cache_gives_each_visitor_an_id(demo: Demo, browser: Browser) -> None:
    ids = set()
    for number in (1, 2):
        context = browser.new_context(user_agent=AGENT, extra_http_headers={"X-Forwarded-For": f"168.212.1.{number}"})
        context.add_cookies([{"name": "shop_consent", "value": "yes", "url": demo.shop}])
        page = context.new_page()
        page.goto(f"{demo.shop}/about/")
        tape(page, "PageView")
        fbp = next(cookie["value"] for cookie in context.cookies(demo.shop) if cookie["name"] == "_fbp")
        ids |= {event["event_id"] for event in story.seen(demo)["browser"] if event["fbp"] == fbp}
        context.close()

    assert len(ids) == 2


def test_a_single_page_application_tracks_by_hand(demo: Demo, context: BrowserContext) -> None:
    context.add_cookies([{"name": "shop_consent", "value": "yes", "url": demo.shop}])
    page = context.new_page()
    page.goto(f"{demo.shop}/")
    tape(page, "PageView")

    page.evaluate("() => { history.pushState({}, '', '/part-two/'); window.capi.pageView(); }")
    page.evaluate("() => window.capi.track('AddToWishlist', {content_ids: ['CS-101']})")
    tape(page, "AddToWishlist")

    fbp = next(cookie["value"] for cookie in context.cookies(demo.shop) if cookie["name"] == "_fbp")
    mine = [event for event in story.seen(demo)["browser"] if event["fbp"] == fbp]
    assert sorted(event["event_name"] for event in mine) == ["AddToWishlist", "PageView", "PageView"]
    assert all(event["event_id"] for event in mine)


def consenting(demo: Demo, context: BrowserContext) -> Page:
    """The shop's first page, seen by a visitor who said yes before."""
    context.add_cookies([{"name": "shop_consent", "value": "yes", "url": demo.shop}])
    page = context.new_page()
    page.goto(f"{demo.shop}/")
    tape(page, "PageView")
    return page


def fire(on: Page, **event: Any) -> None:
    """Hand the script an event as htmx does."""
    on.evaluate(
        """event => document.body.dispatchEvent(
            new CustomEvent('capi:track', {bubbles: true, detail: {events: [event]}})
        )""",
        {"event_name": "AddToCart", "custom_data": {}, **event},
    )


def carts(demo: Demo, *ids: str) -> list[str]:
    return sorted(event["event_id"] for event in story.seen(demo)["browser"] if event["event_id"] in ids)


def test_an_id_that_this_browser_fired_is_refused(demo: Demo, context: BrowserContext) -> None:
    page = consenting(demo, context)

    fire(page, event_id="once-00000001")
    page.reload()
    fire(page, event_id="once-00000001")
    fire(page, event_id="once-00000002")
    tape(page, "AddToCart")

    assert carts(demo, "once-00000001", "once-00000002") == ["once-00000001", "once-00000002"]


def test_a_copy_that_expired_is_not_fired(demo: Demo, context: BrowserContext) -> None:
    page = consenting(demo, context)

    fire(page, event_id="late-00000001", ttl=0)
    fire(page, event_id="late-00000002", ttl=600)
    tape(page, "AddToCart")

    assert carts(demo, "late-00000001", "late-00000002") == ["late-00000002"]


def test_an_id_of_another_browser_is_replaced_by_a_new_one(demo: Demo, context: BrowserContext) -> None:
    page = consenting(demo, context)
    spec = page.locator("#capi-config").evaluate("element => JSON.parse(element.textContent).events[0].spec")

    fire(page, event_name="PageView", event_id="stale-0000001", spec=spec, **{"for": "00000000"})
    page.wait_for_function("() => document.querySelectorAll('#tape li').length >= 2")

    assert carts(demo, "stale-0000001") == []
    fbp = next(cookie["value"] for cookie in context.cookies(demo.shop) if cookie["name"] == "_fbp")
    assert len([event for event in story.seen(demo)["browser"] if event["fbp"] == fbp]) == 2


def test_a_swapped_fragment_fires_its_events(demo: Demo, context: BrowserContext) -> None:
    page = consenting(demo, context)

    page.evaluate(
        """() => {
            const block = document.createElement('script');
            block.type = 'application/json';
            block.id = 'capi-event-swapped';
            block.textContent = JSON.stringify({event_name: 'AddToCart', event_id: 'swapped-00001', custom_data: {}});
            const part = document.createElement('div');
            part.append(block);
            document.querySelector('main').append(part);
        }"""
    )
    tape(page, "AddToCart")

    assert carts(demo, "swapped-00001") == ["swapped-00001"]


def test_a_withdrawn_consent_takes_the_cookies_and_stops_the_pixel(demo: Demo, context: BrowserContext) -> None:
    page = consenting(demo, context)

    with page.expect_response("**/capi/withdraw/"):
        page.evaluate("() => window.capi.consent(false)")
    page.evaluate("() => window.capi.track('AddToWishlist', {content_ids: ['CS-102']})")
    page.goto(f"{demo.shop}/products/olive-oil-from-lesbos/")

    assert not [cookie for cookie in context.cookies(demo.shop) if cookie["name"] == "_fbc"]
    seen = [event["custom_data"].get("content_ids") for event in story.seen(demo)["browser"]]
    assert not [ids for ids in seen if "CS-102" in str(ids)]


def test_a_withdrawal_that_the_site_could_not_take_is_repeated(demo: Demo, context: BrowserContext) -> None:
    page = consenting(demo, context)
    page.route("**/capi/withdraw/", lambda route: route.fulfill(status=503), times=1)

    with page.expect_response(lambda found: found.url.endswith("/capi/withdraw/") and found.status == 204):
        page.evaluate("() => window.capi.consent(false)")

    assert not [cookie for cookie in context.cookies(demo.shop) if cookie["name"] == "_fbc"]


def test_a_page_that_is_left_at_once_still_reports(demo: Demo, context: BrowserContext) -> None:
    context.add_cookies([{"name": "shop_consent", "value": "yes", "url": demo.shop}])
    context.route("**/fbevents.js", lambda route: None)  # the library never comes, and nobody says so
    page = context.new_page()
    page.goto(f"{demo.shop}/search/?q=tea", wait_until="domcontentloaded")
    event_id = page.locator("#capi-config").evaluate("element => JSON.parse(element.textContent).events[0].event_id")
    page.wait_for_function("() => window.fbq")

    page.goto("about:blank")

    assert browser_state(demo, event_id) == "blocked"


def test_a_report_says_what_the_browsers_copy_is_worth(demo: Demo, context: BrowserContext) -> None:
    context.add_cookies([{"name": "shop_consent", "value": "yes", "url": demo.shop}])
    page = context.new_page()
    page.goto(f"{demo.shop}/products/olive-oil-from-lesbos/")
    page.evaluate(TOLD)

    page.get_by_role("button", name="Add to cart").click()

    sent = page.evaluate("() => window.told")
    assert browser_state(demo, sent["event_id"]) == "fired"
    row = f"Event.objects.get(event_id={sent['event_id']!r})"
    code = (
        f"from django_capi.models import Event; row = {row}; print(row.value, row.browser_value, row.browser_currency)"
    )
    server, browser, currency = demo.manage("shell", "--no-imports", "-c", code).split()
    assert (browser, currency) == (server, "EUR")
    assert sent["custom_data"] == {"value": float(server), "currency": "EUR"}


TOLD = """() => {
  window.told = new Promise((resolve) => {
    document.addEventListener('capi:event', ({detail}) => detail.event_name === 'AddToCart' && resolve(detail));
  });
}"""


def browser_state(demo: Demo, event_id: str) -> str:
    """What the ledger says of the browser copy, once the last words of a page have arrived."""
    row = f"Event.objects.get(event_id={event_id!r})"
    code = f"from django_capi.models import Event; print({row}.get_browser_state_display())"
    for _ in range(20):
        said = demo.manage("shell", "--no-imports", "-c", code).strip()
        if said != "no receipt":
            break
    return said
