"""A customer who clicks through Oscar's own pages in Chromium."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Page, Route

from example_project.standin import Running
from tests.oscar.samples import ADDRESS, EMAIL, PASSWORD
from tests.support.chromium import AGENT, launched

PATIENCE = 30.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Customer:
    """One visitor's tab."""

    page: Page
    meta: Running

    def sign_in(self) -> None:
        self.page.goto("/accounts/login/")
        self.fill({"login-username": EMAIL, "login-password": PASSWORD})
        self.page.get_by_role("button", name="Log In").click()
        self.page.get_by_role("link", name="Logout").wait_for()

    def fill_basket(self, paths: Iterable[str]) -> None:
        """One of each, slowly enough for each page to send its events."""
        for number, path in enumerate(paths, start=1):
            self.page.goto(path)
            self.wait_for_browser_event("ViewContent", times=2 * number - 1)
            self.page.locator("#add_to_basket_form [type=submit]").click()
            self.wait_for_browser_event("ViewContent", times=2 * number)  # Oscar shows the product again
            self.wait_for_browser_event("AddToCart", times=number)

    def redeem(self, code: str) -> None:
        self.page.goto("/basket/")
        self.page.locator("#voucher_form_link a").click()
        self.page.locator("#id_code").fill(code)
        self.page.get_by_role("button", name="Add voucher").click()
        self.page.get_by_text(f"Voucher '{code}' added to basket").wait_for()

    def give_email(self) -> None:
        """Oscar's question to visitors without an account: who are you?"""
        self.page.goto("/checkout/")
        self.fill({"username": EMAIL})
        self.page.get_by_label("checkout as a guest").check()
        self.page.get_by_role("button", name="Continue").click()
        self.page.wait_for_url("**/checkout/shipping-address/")

    def check_out(self) -> None:
        """From the shipping address to the thank-you page, whose Purchase the browser sends."""
        self.page.goto("/checkout/shipping-address/")
        self.fill(ADDRESS)
        self.page.get_by_role("button", name="Continue").click()
        self.page.get_by_role("link", name="Continue").click()  # Oscar's payment page, which takes none
        self.page.get_by_role("button", name="Place order").click()
        self.page.wait_for_url("**/checkout/thank-you/")
        self.wait_for_browser_event("Purchase")
        self.page.wait_for_load_state("networkidle")  # the receipt has reached the shop

    def open_thank_you_page_again(self) -> None:
        before = self.browser_events("PageView")
        self.page.goto("/checkout/thank-you/")
        self.wait_for_browser_event("PageView", times=before + 1)

    def fill(self, fields: Mapping[str, str]) -> None:
        for name, value in fields.items():
            self.page.locator(f"[name={name}]").fill(value)

    def wait_for_browser_event(self, event_name: str, *, times: int = 1) -> None:
        """Until Meta has the event from the browser."""
        until = time.monotonic() + PATIENCE
        while self.browser_events(event_name) < times:
            assert time.monotonic() < until, f"the browser did not send {event_name} {times} times"
            self.page.wait_for_timeout(50)

    def browser_events(self, event_name: str) -> int:
        return [event.event_name for event in self.meta.state.seen.browser_events()].count(event_name)


@contextmanager
def visiting(shop: str, meta: Running) -> Iterator[Customer]:
    """A new visitor, who reaches the shop and Meta and nothing else.

    Read the database after the visit: Django's ORM refuses to run beside Playwright's event loop.
    """

    def only_ours(route: Route) -> None:
        if route.request.url.startswith((shop, meta.url)):
            route.continue_()
        else:
            route.abort()

    with launched() as chromium:
        context = chromium.new_context(user_agent=AGENT, base_url=shop)
        context.set_default_timeout(PATIENCE * 1000)
        context.route("**/*", only_ours)
        yield Customer(page=context.new_page(), meta=meta)
