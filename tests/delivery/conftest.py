"""The stand-in that the sender talks to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from django_capi.delivery import http
from example_project.standin.server import Running, serve
from tests.delivery.sending import TOKEN


@pytest.fixture
def meta(settings: Settings) -> Iterator[Running]:
    running = serve(token=TOKEN)
    settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": running.url, "READ_TIMEOUT": 0.5}
    yield running
    http.session().close()
    running.stop()
