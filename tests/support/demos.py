"""The demo's week behind a running shop, and every page of the admin that it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

from example_project.demo.processes import Demo, free_port
from tests.story.conftest import own_port

APP = "/admin/django_capi/"
# Pages that a list leads to only with a search or a filter; the first link of the list, or the address as it is.
FILTERED = {
    "event-lost": "event/?event=Purchase&outcome=neither",
    "event-values": "event/?outcome=value_mismatch",
    "event-near-miss": "event/?event=Lead&test_event_code__exact=",
    "event-waiting": "event/?outcome=waiting",
    "conversion-not-sent": "conversionmark/?reason=excluded",
    "request-refused": "batch/?outcome=lane",
}
SEARCHED = {"payload-helper-order": "event/payload-helper/?q=shop.order:1"}
FIRST_ROW = "#result_list tbody tr:first-child a"
TOOLS = ".object-tools a, .capi-links a"


@contextmanager
def week(folder: Path) -> Iterator[Demo]:
    """A shop with the demo's week, without a worker and without Meta, so that nothing changes."""
    shop_port = free_port(own_port())
    made = Demo(folder=folder, shop_port=shop_port, meta_port=free_port(shop_port + 1))
    made.prepare()
    made.manage("migrate", "--noinput", "--verbosity=0")
    made.manage("seed")
    try:
        made.start_shop()
        yield made
    finally:
        made.stop()


def log_in(page: Page, shop: str) -> None:
    """To the admin's first page."""
    page.goto(f"{shop}/admin/")
    page.locator("[name=username]").fill("demo")
    page.locator("[name=password]").fill("demo")
    page.locator("[type=submit]").click()
    page.wait_for_url("**/admin/")


def admin_pages(page: Page, shop: str) -> dict[str, str]:
    """The addresses of the app's pages by a short name, found by following their links from the admin's first page."""
    page.goto(f"{shop}/admin/")
    found = {"index": f"{shop}/admin/", "app": f"{shop}{APP}"}
    lists = [address for address in addresses(page, "main a, #content a") if is_list(address)]
    for address in lists:
        found[name_of(address)] = address
        page.goto(address)
        for further in [*addresses(page, FIRST_ROW)[:1], *addresses(page, TOOLS)]:
            found.setdefault(name_of(further), further)
    for name, part in FILTERED.items():
        page.goto(f"{shop}{APP}{part}")
        found[name] = addresses(page, FIRST_ROW)[0]
    found |= {name: f"{shop}{APP}{part}" for name, part in SEARCHED.items()}
    page.goto(f"{shop}/admin/shop/order/?status__exact=paid")
    found["order"] = addresses(page, FIRST_ROW)[0]
    return found


def addresses(page: Page, selector: str) -> list[str]:
    found: list[str] = page.locator(selector).evaluate_all("links => links.map(link => link.href)")
    return list(dict.fromkeys(found))


def is_list(address: str) -> bool:
    return re.fullmatch(rf"{APP}\w+/", urlsplit(address).path) is not None


def name_of(address: str) -> str:
    """`event`, `event-change` or `event-test-events`."""
    parts = urlsplit(address).path.removeprefix(APP).strip("/").split("/")
    return "-".join(part for part in parts if not part.isdigit()) or "app"
