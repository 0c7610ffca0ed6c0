"""Events of an open page: fragments, htmx, fetch, single-page applications, and pages shown again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.site import FBP, JSON, PIXEL, SCRIPT, STRANGERS_FBP, Site, block, event, made_for
from tests.browser.site import Page as Answer

pytestmark = pytest.mark.browser

VISITOR = re.compile("/visitor/")
Seen = Callable[[], list[tuple[str, str | None]]]
INSERT = """fetch('/part/').then((answer) => answer.text())
    .then((html) => document.body.insertAdjacentHTML('beforeend', html))"""
GIVEN = {"consent": True, "denied": False, "excluded": False, "pixels": [{"id": PIXEL}], "events": []}


def test_a_fetched_fragment_is_fired_under_its_own_id(site: Site, page: Page) -> None:
    site.pages["/part/"] = Answer(body=block(event(**made_for(FBP)), "capi-event-1"))
    page.goto(site.put("/", **made_for(FBP)))

    page.evaluate(INSERT)

    (item,) = site.reported("ViewContent")
    assert (item["event_id"], item["mirror"]) == ("server-id-0001", False)


def test_the_fragment_of_another_visitor_gets_a_new_id(site: Site, page: Page) -> None:
    site.pages["/part/"] = Answer(body=block(event(**made_for(STRANGERS_FBP)), "capi-event-1"))
    page.goto(site.put("/"))

    page.evaluate(INSERT)

    (item,) = site.reported("ViewContent")
    assert item["mirror"]
    assert item["event_id"] != "server-id-0001"


def test_a_fragment_that_is_inserted_twice_counts_once(site: Site, page: Page) -> None:
    site.pages["/part/"] = Answer(body=block(event(**made_for(FBP)), "capi-event-1"))
    page.goto(site.put("/"))

    page.evaluate(f"{INSERT}.then(() => {INSERT}).then(() => capi.track('Lead'))")

    site.reported("Lead")
    assert len(site.reported("ViewContent")) == 1


def test_htmx_hands_over_its_trigger_and_its_fragment(site: Site, page: Page) -> None:
    copy: JSON = {
        "event_name": "AddToCart",
        "event_id": "htmx-id-00001",
        "custom_data": {},
        "expires": None,
        "ttl": None,
    }
    trigger = json.dumps({"capi:track": {"events": [copy]}})
    site.pages["/part/"] = Answer(body=block(event(), "capi-event-1"), headers={"HX-Trigger": trigger})
    button = "<button hx-get='/part/' hx-target='#out'>more</button><div id='out'></div>"
    page.goto(site.put("/", button, "<script src='/htmx.js'></script>"))

    page.click("button")

    ids = {item["event_id"] for item in site.reported("AddToCart", "ViewContent")}
    assert ids == {"htmx-id-00001", "server-id-0001"}


def test_an_event_that_comes_twice_without_an_id_is_fired_once(site: Site, page: Page) -> None:
    site.visitor.append(GIVEN)
    view = event("PageView", None, once="mark-of-the-page")
    page.goto(site.put("/", events=[view], consent=False))
    page.evaluate("(detail) => document.dispatchEvent(new CustomEvent('capi:track', {detail}))", {"events": [view]})

    page.evaluate("() => { capi.consent(true); capi.track('Lead'); }")

    site.reported("Lead")
    assert len(site.reported("PageView")) == 1


def test_pages_without_ids_are_a_view_each(site: Site, page: Page) -> None:
    site.visitor.append(GIVEN)
    page.goto(site.put("/", events=[event("PageView", None, once="mark-1")], consent=False))
    detail = {"events": [event("PageView", None, once="mark-2")]}
    page.evaluate("(detail) => document.dispatchEvent(new CustomEvent('capi:track', {detail}))", detail)

    page.evaluate("() => { capi.consent(true); capi.track('Lead'); }")

    site.reported("Lead")
    assert len(site.reported("PageView")) == 2


def test_a_body_that_is_swapped_brings_its_own_configuration(site: Site, page: Page) -> None:
    site.put("/part/", events=[event("PageView", "second-id-001")], **made_for(FBP))
    page.goto(site.put("/", events=[event("PageView")], **made_for(FBP)))
    site.reported("PageView")

    page.evaluate(
        """fetch('/part/').then((answer) => answer.text()).then((html) => {
            const found = new DOMParser().parseFromString(html, 'text/html').querySelector('#capi-config');
            document.head.append(document.adoptNode(found));
        })"""
    )

    site.wait(lambda: len(site.items()) == 2, "the second view")
    assert [item["event_id"] for item in site.items()] == ["server-id-0001", "second-id-001"]
    assert not any(item["mirror"] for item in site.items())


def test_fetch_hands_over_the_events_of_a_json_response(site: Site, page: Page) -> None:
    header = '[{"event_name": "AddToCart", "event_id": "json-id-00001", "custom_data": {"content_name": "\\u00d6l"}}]'
    site.pages["/api/"] = Answer(body='{"items": 1}', headers={"X-Capi-Events": header})
    page.goto(site.put("/"))

    answer = page.evaluate("capi.fetch('/api/', {method: 'POST', body: ''}).then((response) => response.json())")

    assert answer == {"items": 1}
    assert [item["event_id"] for item in site.reported("AddToCart")] == ["json-id-00001"]


def test_fetch_survives_a_header_that_is_no_json(site: Site, page: Page) -> None:
    site.pages["/api/"] = Answer(body="{}", headers={"X-Capi-Events": "no JSON"})
    page.goto(site.put("/"))

    assert page.evaluate("capi.fetch('/api/').then((response) => response.json())") == {}


@pytest.mark.parametrize("elsewhere", ["http://shop.example:8000", "http://shop.example.org"], ids=["port", "host"])
def test_fetch_asks_a_site_whose_name_begins_alike_for_no_copies(elsewhere: str, page: Page) -> None:
    """That site may not allow the header, and the browser would refuse the request."""
    document = "<script src='/pixel.js'></script>"
    page.route("http://shop.example/", lambda route: route.fulfill(body=document, content_type="text/html"))
    page.route("http://shop.example/pixel.js", lambda route: route.fulfill(path=SCRIPT))
    page.route(f"{elsewhere}/", lambda route: route.fulfill(body="{}", headers={"Access-Control-Allow-Origin": "*"}))
    page.goto("http://shop.example/")

    with page.expect_request(f"{elsewhere}/") as asked:
        page.evaluate(f"capi.fetch('{elsewhere}/').catch(() => null)")

    assert "x-capi-events" not in asked.value.headers


def test_calls_before_the_script_wait_in_a_queue(site: Site, page: Page) -> None:
    early = "<script>window.capiQueue = window.capiQueue || []; capiQueue.push(['track', 'Lead', {value: 1}]);</script>"
    page.goto(site.put("/", early))

    page.evaluate("capiQueue.push(['track', 'Contact'])")

    assert {item["event_name"] for item in site.reported("Lead", "Contact")} == {"Lead", "Contact"}


def test_an_event_of_an_application_carries_its_route_and_referrer(site: Site, page: Page) -> None:
    site.visitor.append(GIVEN)
    page.goto(site.put("/", consent=False))
    page.evaluate("() => { capi.pageView(); history.pushState({}, '', '/two/'); capi.track('Lead'); }")
    page.evaluate("() => { history.pushState({}, '', '/three/'); capi.track('Contact'); }")

    page.evaluate("capi.consent(true)")

    found = {
        item["event_name"]: (item["url"], item["referrer"]) for item in site.reported("PageView", "Lead", "Contact")
    }
    assert found == {
        "PageView": (f"{site.url}/", ""),
        "Lead": (f"{site.url}/two/", f"{site.url}/"),
        "Contact": (f"{site.url}/three/", f"{site.url}/two/"),
    }


def test_a_restored_page_is_a_new_view(site: Site, page: Page, seen: Seen) -> None:
    site.visitor.append(GIVEN)
    page.goto(site.put("/", events=[event("PageView")]))
    site.reported("PageView")

    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")

    site.wait(lambda: len(site.items()) == 2, "the second view")
    ids = [item["event_id"] for item in site.items()]
    assert [item["mirror"] for item in site.items()] == [False, True]
    assert len(site.questions) == 1
    assert sorted(seen()) == sorted(("PageView", each) for each in ids)


def test_a_restored_page_fires_nothing_when_consent_was_withdrawn_meanwhile(site: Site, page: Page, seen: Seen) -> None:
    site.visitor.append({**GIVEN, "consent": False, "denied": True})
    page.goto(site.put("/", events=[event("PageView")]))
    site.reported("PageView")

    with page.expect_response(VISITOR):
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    page.evaluate("capi.track('Lead')")

    assert [name for name, _ in seen()] == ["PageView"]


def test_stored_html_that_is_shown_again_is_a_new_view(site: Site, page: Page) -> None:
    address = site.put("/", events=[event("PageView"), event("Purchase", "purchase-0001", spec=None)])
    page.goto(address)
    site.reported("PageView", "Purchase")

    page.goto(f"{address}?again")

    site.wait(lambda: len(site.items()) == 3, "the second view")
    again = site.items()[-1]
    assert (again["event_name"], again["mirror"], again["spec"]) == ("PageView", True, "spec of PageView")
    assert again["event_id"] != "server-id-0001"
