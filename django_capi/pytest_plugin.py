"""The pytest plugin: the fixture `capi_events`, and an empty outbox before each test.

pytest loads it in every project that has this package installed, so it imports nothing that needs Django's settings
before a test uses it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django_capi.testing import CapturedEvents

TESTING = "django_capi.testing"

__all__ = ["capi_events"]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Forget what earlier tests have sent."""
    if TESTING in sys.modules:
        import_module(f"{TESTING}.events").outbox.clear()
        import_module(f"{TESTING}.reasons").clear()


@pytest.fixture
def capi_events(request: pytest.FixtureRequest, db: None) -> Iterator[CapturedEvents]:  # noqa: ARG001  # opens the database
    """The events that this test has tracked. The fixture `client` looks like a browser, see `BrowserClient`."""
    if "client" in request.fixturenames:
        import_module(f"{TESTING}.clients").look_like_browser(request.getfixturevalue("client"))
    with import_module(TESTING).capture_events() as events:
        yield events
