"""Keeps the shop out of runs with other settings, where django-oscar may be missing; starts a stand-in for Meta."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django import Settings

from example_project.standin import Running, serve

HERE = Path(__file__).parent
PROCESS = "test_in_a_process.py"
IS_OURS = settings.SETTINGS_MODULE == "tests.oscar.settings"

collect_ignore = [PROCESS] if IS_OURS else [each.name for each in HERE.iterdir() if each.name != PROCESS]


@pytest.fixture
def meta(settings: Settings) -> Iterator[Running]:
    running = serve()
    settings.CAPI = {
        **settings.CAPI,
        "SENDER": "graph",
        "GRAPH_URL": running.url,
        "PIXEL_SCRIPT_URL": f"{running.url}/en_US/fbevents.js",
    }
    yield running
    running.stop()
