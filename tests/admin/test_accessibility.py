"""Every page of the admin, with the demo's week, has nothing that axe objects to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from example_project.demo.processes import HOST, Demo, answers, free_port
from tests.support.chromium import AGENT, launched
from tests.support.demos import admin_pages, log_in, week

pytestmark = [pytest.mark.browser, pytest.mark.story]

AXE = Axe()
FEWEST_PAGES = 24
COLOUR_RULES = ["color-contrast", "link-in-text-block"]  # all that a colour scheme can break
REPEATED = "#result_list tbody tr:nth-child(n+9), .capi-table tbody tr:nth-child(n+30)"  # rows are like those before
# Parts that Django makes and this app cannot style, by page.
DJANGOS = {
    "app": [".breadcrumbs"],  # before Django 6.1 the links in it are not underlined
    "order": [".inline-group"],  # of the shop: its table has columns without a heading
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with week(tmp_path_factory.mktemp("demo")) as made:
        yield made


@pytest.fixture(scope="module")
def pages(browser: Browser, demo: Demo) -> dict[str, str]:
    """The address of each page below that of the shop."""
    found = admin_pages(signed_in(browser, demo.shop), demo.shop)
    assert len(found) >= FEWEST_PAGES
    return {name: address.removeprefix(demo.shop) for name, address in found.items()}


def signed_in(browser: Browser, shop: str, **options: Any) -> Page:
    page = browser.new_context(user_agent=AGENT, viewport={"width": 1440, "height": 900}, **options).new_page()
    page.set_default_timeout(20_000)
    log_in(page, shop)
    return page


def violations(page: Page, name: str, **options: Any) -> list[str]:
    """The broken rules, each with the elements that break it."""
    page.evaluate(f"document.querySelectorAll('{REPEATED}').forEach(row => row.remove())")
    excluded = [[selector] for selector in DJANGOS.get(name, ())]
    options |= {"resultTypes": ["violations"]}  # of the others axe would report every element
    found = AXE.run(page, context={"exclude": excluded} if excluded else None, options=options)
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found.response["violations"] for node in rule["nodes"]]


def test_no_page_has_violations_in_light_and_in_dark(browser: Browser, demo: Demo, pages: dict[str, str]) -> None:
    page = signed_in(browser, demo.shop, color_scheme="light")
    found = {}

    for name, path in pages.items():
        page.emulate_media(color_scheme="light")
        page.goto(demo.shop + path)
        found[name, "light"] = violations(page, name)
        page.emulate_media(color_scheme="dark")
        page.evaluate("document.getAnimations().forEach(transition => transition.finish())")
        found[name, "dark"] = violations(page, name, runOnly=COLOUR_RULES)

    assert {place: rules for place, rules in found.items() if rules} == {}


def test_no_page_has_violations_from_right_to_left(
    browser: Browser, demo: Demo, pages: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE_CODE", "ar")
    port = free_port(demo.meta_port + 1)
    demo.start("shop-ar", "manage.py", "runserver", "--noreload", "--nostatic", f"{HOST}:{port}")
    shop = f"http://{HOST}:{port}"
    demo.wait_for("shop-ar", lambda: answers(f"{shop}/about/"))
    page = signed_in(browser, shop, locale="ar")
    found, directions = {}, set()

    for name, path in pages.items():
        page.goto(shop + path)
        directions.add(page.locator("html").get_attribute("dir"))
        found[name] = violations(page, name, rules={rule: {"enabled": False} for rule in COLOUR_RULES})

    assert directions == {"rtl"}
    assert {place: rules for place, rules in found.items() if rules} == {}
