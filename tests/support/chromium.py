"""Debian's Chromium, or the reason why it is not there. In CI a missing browser is a failure, not a reason."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
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


@contextmanager
def launched(*, keeps_pages: bool = False) -> Iterator[Browser]:
    """A browser for as long as it is needed; `keeps_pages`: with the back/forward cache, which Playwright turns off."""
    if not CHROMIUM.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{CHROMIUM} is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        without = ["--disable-back-forward-cache"] if keeps_pages else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES, ignore_default_args=without)
        yield browser
        browser.close()
