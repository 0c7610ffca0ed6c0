"""Reports reach the site complete and with correct ages and states, whatever fails."""

from __future__ import annotations

import gzip

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.site import PIXEL, SCRIPT, Site, block, event

pytestmark = pytest.mark.browser

DEAD_CLOCK = "const ahead = Date.now() + 2 * 86400000; Date.now = () => ahead;"
CONSOLE = "window.warnings = []; console.warn = (...words) => warnings.push(words.join(' '));"
LIBRARY_RAN = "typeof fbq === 'function' && typeof fbq.callMethod === 'function'"
WHEN_SENT = "performance.getEntriesByType('resource').some(({name}) => name.includes('ev=PageView'))"


def test_the_script_stays_small() -> None:
    assert len(gzip.compress(SCRIPT.read_bytes(), 9)) <= 5 * 1024


def test_a_receipt_has_the_value_and_the_currency_and_nothing_else_of_the_event(site: Site, page: Page) -> None:
    bought = {"value": 19.9, "currency": "EUR", "content_ids": ["A-1"], "content_name": "Tea"}
    events = [
        event("Purchase", "purchase-0001", custom_data=bought),
        event("AddToCart", "cart-id-00001", custom_data={"value": 5}),
        event("PageView", custom_data=None),
    ]

    page.goto(site.put("/", events=events))

    found = {item["event_name"]: item["custom_data"] for item in site.reported("Purchase", "AddToCart", "PageView")}
    assert found == {"Purchase": {"value": 19.9, "currency": "EUR"}, "AddToCart": {"value": 5}, "PageView": {}}


def test_an_event_whose_id_the_browser_made_is_reported_whole(site: Site, page: Page) -> None:
    page.goto(site.put("/"))

    page.evaluate("capi.track('Lead', {value: 5, currency: 'EUR', content_name: 'Tea'})")

    (item,) = site.reported("Lead")
    assert item["custom_data"] == {"value": 5, "currency": "EUR", "content_name": "Tea"}
    assert item["url"] == f"{site.url}/"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_report_that_the_site_could_not_take_is_repeated(site: Site, page: Page, status: int) -> None:
    site.collect.extend([status, 204])

    page.goto(site.put("/", events=[event("PageView")]))

    assert len(site.reported("PageView")) == 1


def test_a_report_that_was_refused_is_not_repeated(site: Site, page: Page) -> None:
    site.collect.extend([400, 204])
    page.goto(site.put("/"))
    with page.expect_response("**/collect/"):
        page.evaluate("capi.track('Lead')")

    page.evaluate("capi.track('Contact')")

    site.reported("Contact")
    assert [item["event_name"] for item in site.items()] == ["Contact"]


@pytest.mark.parametrize("beacon", ["undefined", "() => false"], ids=["missing", "full"])
def test_what_a_beacon_cannot_take_is_reported_by_the_next_page(site: Site, page: Page, beacon: str) -> None:
    page.add_init_script(f"navigator.sendBeacon = {beacon}")
    page.goto(site.put("/"))
    page.wait_for_timeout(500)  # until the page's own timer has run, which would report the event as well
    page.evaluate("() => { window.setTimeout = () => 1; capi.track('Lead', {value: 5}); }")  # left before any timer

    page.goto(site.put("/next/"))

    (item,) = site.reported("Lead")
    assert item["custom_data"] == {"value": 5}
    assert item["url"] == f"{site.url}/"
    assert page.evaluate("sessionStorage.getItem('capi.unsent')") is None


def test_what_the_site_never_took_is_reported_by_the_next_page_with_its_age(site: Site, page: Page) -> None:
    site.collect.append(503)
    page.add_init_script(DEAD_CLOCK)
    page.goto(site.put("/", events=[event("PageView")]))
    with page.expect_response("**/collect/"):
        page.evaluate("capi.track('Lead')")
    page.wait_for_event(
        "response", lambda response: response.url.endswith("/collect/")
    )  # the second try has failed, too
    page.wait_for_timeout(1_600)
    page.goto("about:blank")
    site.collect.clear()

    page.goto(site.put("/next/"))

    ages = [item["age"] for item in site.reported("Lead", "PageView")]
    assert all(1 <= age <= 30 for age in ages)


@pytest.mark.parametrize(("age", "count"), [(3_500_000, 1), (3_700_000, 0)])
def test_a_report_of_more_than_an_hour_ago_is_dropped(site: Site, page: Page, age: int, count: int) -> None:
    page.goto(f"{site.url}/pixel.js")  # of the same origin, and without a script that runs
    kept = f"{{event_name: 'Lead', event_id: 'old-id-000001', pixels: ['{PIXEL}'], state: 'fired', at: now - {age}}}"
    page.evaluate(
        f"() => {{ const now = performance.timeOrigin + performance.now();"
        f"sessionStorage.setItem('capi.unsent', JSON.stringify([{kept}])); }}"
    )

    page.goto(site.put("/next/", events=[event("PageView")]))

    site.reported("PageView")
    site.wait(lambda: page.evaluate("sessionStorage.getItem('capi.unsent')") is None)
    assert len([item for item in site.items() if item["event_id"] == "old-id-000001"]) == count


def test_a_beacon_that_the_site_could_not_take_is_repeated_by_the_next_page(site: Site, page: Page) -> None:
    site.collect.extend([503, 204])
    page.goto(site.put("/"))
    page.wait_for_timeout(500)  # until the page's own timer has run, which would report the event as well
    page.evaluate("() => { window.setTimeout = () => 1; capi.track('Lead'); }")  # left before any timer
    page.goto("about:blank")
    site.wait(lambda: len(site.collect) == 1, "the beacon")

    page.goto(site.put("/next/"))

    (item,) = site.reported("Lead")
    assert (item["mirror"], item["url"]) == (True, f"{site.url}/")


def test_a_report_of_an_earlier_page_keeps_its_state(site: Site, page: Page) -> None:
    page.route("**/slow.js", lambda route: None)  # a library that could not be loaded would be reported at once
    page.goto(site.put("/", script=f"{site.url}/slow.js"), wait_until="commit")
    page.wait_for_function("window.capi")
    page.evaluate("() => { window.setTimeout = () => 1; capi.track('Lead'); }")
    page.goto("about:blank")
    site.wait(lambda: len(site.items()) == 1, "the beacon")

    page.goto(site.put("/next/", events=[event("PageView")]))

    site.wait(lambda: len([item for item in site.items() if item["event_name"] == "Lead"]) == 2, "the repeat")
    assert {item["state"] for item in site.reported("Lead", "PageView") if item["event_name"] == "Lead"} == {"blocked"}


def test_a_clock_that_is_wrong_keeps_no_copy_from_being_fired(site: Site, page: Page) -> None:
    page.add_init_script(DEAD_CLOCK)
    copy = event("Purchase", "purchase-0001", spec=None, expires=1_780_000_000, ttl=600)

    page.goto(site.put("/", events=[copy]))

    assert [item["event_id"] for item in site.reported("Purchase")] == ["purchase-0001"]


def test_a_copy_that_has_waited_too_long_is_not_fired(site: Site, page: Page) -> None:
    site.visitor.append({"consent": True, "pixels": [{"id": PIXEL}]})
    late = event("Purchase", "purchase-0001", spec=None, expires=4_000_000_000, ttl=0.01)
    page.goto(site.put("/", consent=False, events=[late, event("PageView")]))

    page.evaluate("new Promise((resolve) => { setTimeout(resolve, 50); }).then(() => capi.consent(true))")

    site.reported("PageView")
    assert [item["event_name"] for item in site.items()] == ["PageView"]


def test_many_large_events_are_reported_in_small_posts(site: Site, page: Page) -> None:
    parts = [block(event("ViewContent", None, spec="x" * 19_000), f"capi-event-{number}") for number in range(12)]

    page.goto(site.put("/", *parts))

    site.wait(lambda: len(site.items()) == 12, "the last report")
    assert max(site.sizes) < 60_000


def test_an_event_that_no_post_can_hold_costs_only_itself(site: Site, page: Page) -> None:
    page.add_init_script(CONSOLE)
    page.goto(site.put("/"))

    page.evaluate("() => { capi.track('Lead', {note: 'x'.repeat(70000)}); capi.track('Contact'); }")

    site.reported("Contact")
    assert len(site.items()) == 1
    page.wait_for_function("warnings.join().includes('too large')")


def test_the_console_says_which_item_the_site_refused(site: Site, page: Page) -> None:
    page.add_init_script(CONSOLE)
    site.collect.append({"refused": [{"index": 0, "reason": "spec-expired"}]})

    page.goto(site.put("/", events=[event("PageView")]))

    page.wait_for_function("warnings.join().includes('spec-expired')")


def test_a_pixel_without_its_configuration_has_fired_nothing(site: Site, page: Page) -> None:
    script = f"{site.standin}/en_US/fbevents.js?slow=20"
    page.goto(site.put("/", events=[event("PageView")], script=script), wait_until="commit")
    page.wait_for_function(LIBRARY_RAN)

    page.goto("about:blank")

    assert [item["state"] for item in site.reported("PageView")] == ["blocked"]


def test_a_configuration_that_comes_is_waited_for(site: Site, page: Page) -> None:
    script = f"{site.standin}/en_US/fbevents.js?slow=1"

    page.goto(site.put("/", events=[event("PageView")], script=script))

    assert [item["state"] for item in site.reported("PageView")] == ["fired"]
    assert page.evaluate(WHEN_SENT)


def test_a_configuration_that_the_policy_stops_is_no_proof(site: Site, page: Page) -> None:
    address = site.put("/", events=[event("PageView")])
    policy = f"script-src 'self' {site.standin}/en_US/fbevents.js"
    site.pages["/"].headers["Content-Security-Policy"] = policy
    page.goto(address)
    page.wait_for_function(LIBRARY_RAN)

    page.goto("about:blank")

    assert [item["state"] for item in site.reported("PageView")] == ["blocked"]


def test_a_library_that_cannot_be_loaded_is_reported_at_once(site: Site, page: Page) -> None:
    page.goto(site.put("/", events=[event("PageView")], script=f"{site.url}/missing.js"))

    assert [item["state"] for item in site.reported("PageView")] == ["blocked"]


def test_a_library_that_comes_late_corrects_its_receipts(site: Site, context: BrowserContext, page: Page) -> None:
    page.clock.install()
    script = f"{site.standin}/en_US/fbevents.js?slow=2"
    page.goto(site.put("/", events=[event("PageView", None)], script=script), wait_until="commit")
    page.wait_for_function(LIBRARY_RAN)

    page.clock.fast_forward(11_000)

    site.wait(lambda: len(site.items()) == 2, "a correction")
    first, second = site.items()
    assert (first["state"], first["mirror"]) == ("blocked", True)
    assert (second["state"], second["mirror"], second["event_id"]) == ("fired", False, first["event_id"])
