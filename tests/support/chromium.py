"""One Chromium for all tests of a process, as each start costs most of a second of the processor's time."""

from __future__ import annotations

import asyncio
import os
from asyncio.events import _get_running_loop, _set_running_loop
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")  # Debian's, as the next
# The same engine without windows takes a third of the processor's time. It has no back/forward cache.
SHELL = Path("/usr/bin/chromium-headless-shell")
# Headless Chromium's own name is on every list of crawlers.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--user-agent={AGENT}",  # a context's own agent does not hold for what a closing page sends
]


class Browsers:
    """The browsers of this process: one as Playwright starts it, and one with the back/forward cache."""

    def __init__(self) -> None:
        before = _get_running_loop()
        self.playwright: Playwright = sync_playwright().start()
        self.loop = asyncio.get_running_loop()
        self.started: dict[bool, Browser] = {}
        _set_running_loop(before)

    def get(self, *, keeps_pages: bool) -> Browser:
        browser = self.started.get(keeps_pages)
        if browser is None or not browser.is_connected():
            without = ["--disable-back-forward-cache"] if keeps_pages else []
            chromium = self.playwright.chromium
            path = program(keeps_pages=keeps_pages)
            browser = chromium.launch(executable_path=path, args=SWITCHES, ignore_default_args=without)
            self.started[keeps_pages] = browser
        return browser

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let Playwright's event loop count as running. Beside a running loop, Django refuses to ask the database."""
        before = _get_running_loop()
        _set_running_loop(self.loop)
        try:
            yield
        finally:
            _set_running_loop(before)

    def close(self) -> None:
        with self.in_use():
            for browser in self.started.values():
                browser.close()
            self.playwright.stop()


browsers = cache(Browsers)


def program(*, keeps_pages: bool = False) -> Path | None:
    found = (CHROMIUM,) if keeps_pages else (SHELL, CHROMIUM)
    return next((path for path in found if path.exists()), None)


@contextmanager
def launched(*, keeps_pages: bool = False) -> Iterator[Browser]:
    """A browser without contexts; `keeps_pages`: with the back/forward cache, which Playwright turns off.

    In CI a missing browser is a failure, elsewhere a reason to skip the test.
    """
    if program(keeps_pages=keeps_pages) is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{CHROMIUM} is missing: apt-get install chromium")
    with browsers().in_use():
        browser = browsers().get(keeps_pages=keeps_pages)
        before = set(browser.contexts)
        try:
            yield browser
        finally:
            for context in set(browser.contexts) - before:
                context.unroute_all(behavior="ignoreErrors")  # a page may be asking for something
                context.close()


def close_browsers() -> None:
    if browsers.cache_info().currsize:
        browsers().close()
        browsers.cache_clear()
