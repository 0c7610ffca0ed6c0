"""Keeps the shop's tests out of a run whose settings do not install the shop; lends them a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from playwright.sync_api import Browser, Page

from tests.support.chromium import AGENT, launched

collect_ignore_glob = [] if settings.SETTINGS_MODULE == "example_project.settings" else ["*"]


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """No page that one test put into the cache answers another."""
    cache.clear()


@pytest.fixture(autouse=True)
def _quick_passwords(settings: object) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # type: ignore[attr-defined]


@pytest.fixture
def browser(live_server: object) -> Iterator[Browser]:
    """Debian's Chromium. It is left before the database is emptied, as Django refuses that beside its event loop."""
    with launched() as chromium:
        yield chromium


@pytest.fixture
def page(browser: Browser, live_server: object) -> Iterator[Page]:
    """A new visitor, who cannot reach Meta's script and keeps a list of what the page's policy refused."""
    context = browser.new_context(user_agent=AGENT, base_url=str(live_server))
    context.route("**/fbevents.js", lambda route: route.abort())
    context.add_init_script(
        "window.refused = []; document.addEventListener('securitypolicyviolation',"
        " ({violatedDirective, blockedURI}) => window.refused.push(`${violatedDirective} ${blockedURI}`));"
    )
    yield context.new_page()
    context.close()
