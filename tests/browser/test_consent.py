"""Consent in the browser: what is held, what is dropped, and what a withdrawal reaches."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.site import FBP, PIXEL, Site, event

pytestmark = pytest.mark.browser

VISITOR = re.compile("/visitor/")
Seen = Callable[[], list[tuple[str, str | None]]]
GIVEN = {"consent": True, "excluded": False, "pixels": [{"id": PIXEL}], "events": []}
NOT_GIVEN = {**GIVEN, "consent": False}
TRACK = "(name) => window.capi.track(name)"
SAY = "(granted) => window.capi.consent(granted)"


def names(site: Site) -> list[str]:
    return sorted(item["event_name"] for item in site.items())


def test_events_wait_for_the_answer_and_keep_their_times(site: Site, page: Page) -> None:
    site.visitor.append(GIVEN)
    page.goto(site.put("/", consent=False, events=[event("PageView", None)]))
    page.evaluate(TRACK, "AddToCart")
    page.wait_for_timeout(1_600)

    page.evaluate(SAY, True)
    page.evaluate(TRACK, "Contact")

    ages = {item["event_name"]: item["age"] for item in site.reported("PageView", "AddToCart", "Contact")}
    assert ages["PageView"] >= 2 <= ages["AddToCart"]
    assert ages["Contact"] <= 1


@pytest.mark.parametrize("is_said_by", ["the page", "the visitor"])
def test_an_event_during_a_refusal_is_never_fired(site: Site, page: Page, seen: Seen, is_said_by: str) -> None:
    site.visitor.append(GIVEN)
    page.goto(site.put("/", consent=False, denied=is_said_by == "the page", events=[event("ViewContent")]))
    if is_said_by == "the visitor":
        page.evaluate(SAY, False)
    page.evaluate(TRACK, "AddToCart")

    page.evaluate(SAY, True)
    page.evaluate(TRACK, "Contact")

    site.reported("Contact")
    assert names(site) == ["Contact"]
    assert [name for name, _ in seen()] == ["Contact"]


def test_a_withdrawal_is_not_overtaken_by_an_answer_on_its_way(site: Site, page: Page, seen: Seen) -> None:
    site.visitor.append({**GIVEN, "events": [event("Lead")]})
    site.gate.clear()
    with page.expect_response(VISITOR):  # asked for early: the browser starts to report responses only after a moment
        page.goto(site.put("/", consent=None, events=[event("PageView", None)]))
        site.wait(lambda: site.questions, "a question")

        page.evaluate(SAY, False)
        site.gate.set()
    page.evaluate(TRACK, "AddToCart")
    site.wait(lambda: site.withdrawals, "a withdrawal")

    assert page.evaluate("window.fbq") is None
    assert seen() == []


def test_consent_given_twice_initialises_once(site: Site, page: Page) -> None:
    page.add_init_script("window.warnings = []; console.warn = (...words) => warnings.push(words.join(' '))")
    site.visitor.append(GIVEN)
    page.goto(site.put("/", consent=False))

    page.evaluate("() => { capi.consent(true); capi.consent(true); }")
    page.evaluate(TRACK, "Contact")
    site.reported("Contact")
    page.evaluate("() => { capi.consent(false); capi.consent(true); }")
    page.evaluate(TRACK, "Lead")
    site.reported("Lead")

    assert page.evaluate("warnings") == []
    assert page.evaluate("fbq.getState().pixels.length") == 1


def test_consent_on_an_open_page_fires_the_copies_of_the_session(site: Site, page: Page) -> None:
    site.visitor.append({**GIVEN, "events": [event("AddToCart", "session-0001", spec=None)]})
    page.goto(site.put("/"))

    page.evaluate(SAY, True)

    assert [item["event_id"] for item in site.reported("AddToCart")] == ["session-0001"]


def test_a_banner_that_saves_after_its_callback_is_waited_for(site: Site, page: Page) -> None:
    site.visitor.extend([{**NOT_GIVEN, "denied": True}, NOT_GIVEN, GIVEN])
    page.goto(site.put("/", consent=False, events=[event("PageView", None)]) + "?fbclid=click-1")

    page.evaluate(SAY, True)

    site.reported("PageView")
    assert site.questions == [{"fbclid": "click-1"}] * 3


def test_an_endpoint_that_fails_once_loses_nothing(site: Site, page: Page) -> None:
    site.visitor.extend([503, GIVEN])

    page.goto(site.put("/", consent=None, events=[event("PageView", None)]))

    site.reported("PageView")


def test_a_banner_may_delete_the_cookies_before_it_withdraws(site: Site, context: BrowserContext, page: Page) -> None:
    page.goto(site.put("/", events=[event("PageView")]))
    site.reported("PageView")
    context.clear_cookies()

    page.evaluate(SAY, False)

    site.wait(lambda: site.withdrawals, "a withdrawal")
    assert site.withdrawals == [{"fbp": FBP}]


def test_a_withdrawal_is_repeated_on_the_page(site: Site, page: Page) -> None:
    site.withdraw.extend([503, 204])
    page.goto(site.put("/"))

    page.evaluate(SAY, False)

    site.wait(lambda: len(site.withdrawals) == 2, "a second attempt")
    page.wait_for_function("localStorage.getItem('capi.withdrawn') === null")
    assert site.withdrawals == [{"fbp": FBP}] * 2


def test_a_withdrawal_is_repeated_on_the_next_page(site: Site, page: Page, seen: Seen) -> None:
    site.withdraw.append(503)
    page.goto(site.put("/"))
    page.evaluate(SAY, False)
    site.wait(lambda: site.withdrawals, "a first attempt")
    page.context.clear_cookies()
    site.withdraw.clear()

    page.goto(site.put("/next/", events=[event("ViewContent", "next-id-00001")]))

    page.wait_for_function("localStorage.getItem('capi.withdrawn') === null")
    assert site.withdrawals[-1] == {"fbp": FBP}
    assert ("ViewContent", "next-id-00001") not in seen()


def test_a_withdrawal_in_one_tab_stops_the_others(site: Site, context: BrowserContext, page: Page, seen: Seen) -> None:
    other = context.new_page()
    other.goto(site.put("/other/"))
    other.evaluate(TRACK, "Lead")
    site.reported("Lead")
    page.goto(site.put("/"))
    other.evaluate("addEventListener('storage', () => { window.heard = true; })")

    page.evaluate(SAY, False)
    other.wait_for_function("window.heard")
    other.evaluate(TRACK, "AddToCart")

    assert other.evaluate("fbq.getState().pixels.length") == 1
    assert [name for name, _ in seen()] == ["Lead"]


def test_a_withdrawal_while_the_library_loads_empties_its_queue(site: Site, page: Page) -> None:
    page.goto(site.put("/", events=[event("PageView")], script="data:text/javascript,"))
    page.wait_for_function("window.fbq && fbq.queue.length")
    page.evaluate("() => { fbq('init', 'theirs'); fbq('track', 'Lead'); }")

    page.evaluate(SAY, False)

    assert page.evaluate("fbq.queue") == [["init", "theirs"], ["track", "Lead"]]
