"""What a newcomer finds in the admin a minute after `manage.py demo`, and how each page is laid out.

`CAPI_PICTURES=docs/images python -m pytest -n0 tests/story/test_admin_pages.py -k is_pictured` renews the pictures.
With Pillow installed they are a third of the size.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page

from example_project.demo.processes import Demo
from tests.support.chromium import AGENT, launched
from tests.support.demos import admin_pages, log_in, week

pytestmark = [pytest.mark.browser, pytest.mark.story]

TALLEST = 2200  # pixels of a picture
COLOURS = 64
# Pages that look like another one of the pictures.
ALIKE = {"index", "app", "event-change", "conversionmark-change", "batch-change"}
# Of one page: how far it is wider than the window, and which of its lists and tables are wider than their frames.
TOO_WIDE = """() => {
    const wide = element => element.scrollWidth - element.clientWidth > 1;
    const frames = [...document.querySelectorAll('.results, .capi-scroll, .capi-scroll-inner')].filter(wide);
    const page = document.documentElement.scrollWidth - window.innerWidth;
    return {page, frames: frames.map(frame => frame.querySelector('caption')?.textContent || frame.className)};
}"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How the pages are seen: the name that the pictures have, the scheme, and the width of the window."""

    name: str
    scheme: Literal["light", "dark"]
    width: int


LOOKS = [
    Look(name="light", scheme="light", width=1440),
    Look(name="dark", scheme="dark", width=1440),
    Look(name="narrow", scheme="light", width=390),
]


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
    return admin_pages(signed_in(browser, demo.shop, LOOKS[0]), demo.shop)


@pytest.fixture
def page(browser: Browser, demo: Demo) -> Iterator[Page]:
    made = signed_in(browser, demo.shop, LOOKS[0])
    yield made
    made.context.close()


def signed_in(browser: Browser, shop: str, look: Look) -> Page:
    size: Any = {"width": look.width, "height": 900}
    page = browser.new_context(user_agent=AGENT, color_scheme=look.scheme, viewport=size).new_page()
    page.set_default_timeout(20_000)
    log_in(page, shop)
    return page


class Clicks:
    """A visitor of the admin whose clicks are counted."""

    def __init__(self) -> None:
        self.count = 0

    def on(self, target: Locator) -> None:
        self.count += 1
        target.click()


def number_of_order(page: Page, shop: str, reason: str) -> str:
    """The number of an order whose Purchase has this reason, as its customer would name it."""
    page.goto(f"{shop}/admin/django_capi/conversionmark/?{reason}")
    called = page.locator("#result_list tbody tr").first.locator("th, td").first.inner_text()
    page.goto(f"{shop}/admin/")
    return called.partition(" · ")[0]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        pytest.param("state=2", "server copy", id="stored"),
        pytest.param("reason=denied", "the customer declined", id="declined"),
        pytest.param("reason=excluded", "it came from a crawler, HeadlessChrome", id="crawler"),
        pytest.param("reason=too_old", "it was found too late for Meta", id="too-old"),
    ],
)
def test_why_an_order_did_not_pair_is_two_clicks_from_the_admin_s_first_page(
    page: Page, demo: Demo, reason: str, said: str
) -> None:
    number = number_of_order(page, demo.shop, reason)
    clicks = Clicks()

    clicks.on(page.get_by_role("link", name="At a glance").first)
    page.get_by_label("What became of an order?").fill(number)
    clicks.on(page.get_by_role("button", name="Find"))
    page.wait_for_url("**/change/")

    assert re.search(said, page.locator("#content").inner_text())
    assert clicks.count <= 3


def test_why_a_purchase_was_lost_is_said_on_the_page_of_its_event(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.shop}/admin/django_capi/event/?event=Purchase&outcome=neither")
    order = page.locator("#result_list .field-object_called bdi").inner_text()
    page.goto(f"{demo.shop}/admin/")
    clicks = Clicks()

    clicks.on(page.get_by_role("link", name="At a glance").first)
    page.get_by_label("What became of an order?").fill(order)
    clicks.on(page.get_by_role("button", name="Find"))

    story = page.locator(".capi-happened").inner_text()
    assert "Meta refused the server copy (100 / 2804019)" in story
    assert clicks.count <= 3


def test_what_only_the_server_reported_stands_on_the_app_s_first_page(page: Page, demo: Demo) -> None:
    page.get_by_role("link", name="At a glance").first.click()
    tile = page.locator(".capi-tile", has_text="EUR").filter(has_text=re.compile("server", re.IGNORECASE)).first
    amount = tile.locator(".capi-number").inner_text()
    clicks = Clicks()

    clicks.on(tile.locator(".capi-number a"))
    page.wait_for_url("**/event/?**")

    shown = page.locator("#result_list tbody tr")
    assert re.search(r"[1-9]\S*\sEUR", amount)
    assert shown.count() > 5
    assert set(shown.locator(".field-named").all_inner_texts()) == {"Purchase"}
    assert not [text for text in shown.locator(".field-browser").all_inner_texts() if "fired" in text]
    assert clicks.count == 1


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_each_page_fits_and_is_pictured(browser: Browser, demo: Demo, pages: dict[str, str], look: Look) -> None:
    """On a wide screen nothing is cut; on a narrow one tables scroll within their frames, and lists are stacked."""
    page = signed_in(browser, demo.shop, look)
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    found = {}

    for name, address in pages.items():
        page.goto(address)
        found[name] = page.evaluate(TOO_WIDE)
        take_picture(page, name, look)

    page.context.close()
    assert refused == []
    assert {name: wide for name, wide in found.items() if wide["page"] > 0} == {}
    assert {name: wide for name, wide in found.items() if cut(wide["frames"], look)} == {}


def cut(frames: list[str], look: Look) -> list[str]:
    """The frames that hide a part of their contents: on a narrow screen, tables may be scrolled."""
    return [frame for frame in frames if look.width > 1000 or frame == "results"]


def take_picture(page: Page, name: str, look: Look) -> None:
    folder = os.environ.get("CAPI_PICTURES")
    if not folder or name in ALIKE:
        return
    path = Path(folder) / f"{name}-{look.name}.png"
    height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
    page.screenshot(path=path, full_page=True, clip={"x": 0, "y": 0, "width": look.width, "height": height})
    if find_spec("PIL"):
        image = import_module("PIL.Image")
        image.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)
