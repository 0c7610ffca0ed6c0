"""A site with nginx in front."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.caches.nginx import Nginx, in_front_of
from tests.caches.people import POLICY, Pages, Site


@pytest.fixture(scope="module")
def nginx(live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with in_front_of(live_server.url, tmp_path_factory.mktemp("nginx")) as found:
        yield found


@pytest.fixture
def shop(settings: Settings) -> Pages:
    """At `/shop/…`, beside the pages of the test site."""
    settings.CAPI = {**settings.CAPI, **POLICY}
    found = Pages()
    settings.ROOT_URLCONF = Site(found)
    return found


@pytest.fixture
def address() -> str:
    """One that the cache has not seen yet."""
    return f"/shop/{uuid.uuid4()}/"
