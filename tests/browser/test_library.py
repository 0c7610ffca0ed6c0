"""What Meta's library does automatically, and what other code on the page does with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.site import OTHER_PIXEL, PIXEL, Site, event

pytestmark = pytest.mark.browser

Seen = Callable[[], list[tuple[str, str | None]]]
FORM = "<form onsubmit='return false'><input type=email value=jane@example.com><button>Send</button></form>"
STUB = (
    "<script>window.fbq = function () { fbq.callMethod ? fbq.callMethod.apply(fbq, arguments)"
    ": fbq.queue.push(arguments) }; fbq.push = fbq; fbq.queue = []; fbq.loaded = true; fbq.version = '2.0';</script>"
)


def with_other(site: Site, calls: str = "") -> str:
    """The base code of somebody else's pixel, as it stands in the head of a page."""
    init = f"<script>fbq('init', '{OTHER_PIXEL}');{calls}</script>"
    return f"{STUB}{init}<script async src='{site.standin}/en_US/fbevents.js'></script>"


@pytest.mark.parametrize("is_wanted", [False, True])
def test_automatic_events_are_off_unless_wanted(site: Site, page: Page, seen: Seen, *, is_wanted: bool) -> None:
    script = f"{site.standin}/en_US/fbevents.js?automatic"
    page.goto(site.put("/", FORM, events=[event("PageView")], script=script, auto_config=is_wanted))
    site.reported("PageView")

    page.click("button")
    page.evaluate("capi.track('Lead')")
    site.reported("Lead")

    site.wait(lambda: "Lead" in dict(seen()), "the last event")
    found = {name for name, _ in seen()}
    assert found == {"PageView", "Lead"} | ({"Microdata", "SubscribedButtonClick"} if is_wanted else set())


def test_other_code_reaches_its_own_pixel_only(site: Site, page: Page) -> None:
    page.goto(site.put("/", events=[event("PageView")], head=with_other(site)))
    site.reported("PageView")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))

    page.evaluate("() => { fbq('track', 'Search'); history.pushState({}, '', '/next/'); capi.track('Lead'); }")
    site.reported("Lead")

    searches = [url for url in requests if "ev=Search" in url]
    assert [OTHER_PIXEL in url for url in searches] == [True]
    assert not [url for url in requests if "ev=PageView" in url and f"id={PIXEL}" in url]


def test_a_withdrawal_leaves_another_pixel_alone(site: Site, page: Page, seen: Seen) -> None:
    page.goto(site.put("/", events=[event("PageView")], head=with_other(site)))
    site.reported("PageView")

    page.evaluate("capi.consent(false)")
    page.evaluate(f"fbq('trackSingle', '{OTHER_PIXEL}', 'Search', {{}}, {{eventID: 'theirs'}})")

    site.wait(lambda: ("Search", "theirs") in seen(), "the other pixel's event")


def test_a_withdrawal_locks_a_library_that_is_ours_alone(site: Site, page: Page) -> None:
    page.goto(site.put("/", events=[event("PageView")]))
    site.reported("PageView")

    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))

    page.evaluate("capi.consent(false)")
    page.evaluate(f"() => {{ fbq('trackSingle', '{PIXEL}', 'Search'); return fetch('/end/'); }}")

    assert [url for url in requests if url.endswith("/end/")]
    assert not [url for url in requests if "ev=Search" in url]


def test_a_stub_without_its_library_gets_one(site: Site, page: Page) -> None:
    page.goto(site.put("/", events=[event("PageView")], head=STUB))

    assert [item["state"] for item in site.reported("PageView")] == ["fired"]


def test_a_library_that_is_coming_is_not_loaded_again(site: Site, page: Page) -> None:
    page.goto(site.put("/", events=[event("PageView")], head=with_other(site)))

    site.reported("PageView")
    assert page.locator("script[src*='/fbevents.js']").count() == 1


def test_another_pixel_is_noticed(site: Site, page: Page) -> None:
    page.add_init_script("window.warnings = []; console.warn = (...words) => warnings.push(words.join(' '));")

    page.goto(site.put("/", events=[event("PageView")], head=with_other(site)))

    site.reported("PageView")
    assert set(site.posts[0]["others"]) == {OTHER_PIXEL}
    assert OTHER_PIXEL in page.evaluate("warnings.join()")


def test_an_old_base_code_of_the_own_pixel_is_noticed(site: Site, page: Page) -> None:
    page.goto(site.put("/", events=[event("PageView")], head=with_other(site).replace(OTHER_PIXEL, PIXEL)))

    site.reported("PageView")
    assert set(site.posts[0]["others"]) == {PIXEL}


def test_an_event_for_a_pixel_that_the_page_does_not_name_initialises_it(site: Site, page: Page) -> None:
    copy = event("Purchase", "purchase-0001", spec=None, pixels=[OTHER_PIXEL])

    page.goto(site.put("/", events=[event("PageView"), copy]))

    (item,) = site.reported("Purchase")
    assert (item["state"], item["pixels"]) == ("fired", [OTHER_PIXEL])


@pytest.mark.parametrize(
    ("names", "state"),
    [
        ("", "fired"),
        ("; trusted-types django-capi connect.facebook.net/fbevents", "fired"),
        ("; trusted-types another", "blocked"),
    ],
    ids=["any policy", "ours and the library's", "neither"],
)
def test_trusted_types_take_two_policies(site: Site, page: Page, names: str, state: str) -> None:
    address = site.put("/", events=[event("PageView")])
    site.pages["/"].headers["Content-Security-Policy"] = f"require-trusted-types-for 'script'{names}"

    page.goto(address)

    assert [item["state"] for item in site.reported("PageView")] == [state]
