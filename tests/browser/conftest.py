"""Real Chromium, the stand-in's library, and a site that serves pages for `pixel.js`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from example_project.standin import Running, serve
from tests.browser.site import FBP, Site, served
from tests.support.chromium import AGENT, launched


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def library() -> Iterator[Running]:
    running = serve()
    yield running
    running.stop()


@pytest.fixture
def site(library: Running) -> Iterator[Site]:
    with served(library.url) as site:
        yield site


@pytest.fixture
def context(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """A visitor who was here before."""
    context = browser.new_context(user_agent=AGENT)
    context.set_default_timeout(30_000)
    context.add_cookies([{"name": "_fbp", "value": FBP, "url": site.url}])
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"the page threw {error}"))
    return page


@pytest.fixture
def seen(library: Running, site: Site) -> Callable[[], list[tuple[str, str | None]]]:
    """Name and id of each event that has reached Meta's side from a browser on this site."""

    def read() -> list[tuple[str, str | None]]:
        found = library.state.seen.browser_events()
        return [(each.event_name, each.event_id) for each in found if (each.url or "").startswith(site.url)]

    return read
