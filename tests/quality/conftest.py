"""The stand-in whose Dataset Quality API is read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from django_capi.delivery import http
from example_project.standin.server import Running, serve
from tests.quality.reading import TOKEN


@pytest.fixture
def meta(settings: Settings) -> Iterator[Running]:
    running = serve(token=TOKEN)
    settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": running.url, "ACCESS_TOKEN": TOKEN}
    yield running
    http.session().close()
    running.stop()
