"""A stand-in, and a site in processes of its own on each kind of database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest

from tests.failures import services, site
from tests.failures.meta import Meta, listening
from tests.failures.site import Parent, Site

Parents = Callable[[str], Parent]


class Opened(Protocol):
    """Opens a site on this kind of database, or on the one at a URL, with these keys in CAPI."""

    def __call__(self, kind: str, *, meta_url: str = "", database_url: str = "", **capi: object) -> Site: ...


@pytest.fixture
def meta() -> Iterator[Meta]:
    with listening() as found:
        yield found


@pytest.fixture(scope="session")
def parents() -> Iterator[Parents]:
    """A parent for each kind of database, started at its first use."""
    with ExitStack() as stack:

        @cache
        def found(kind: str) -> Parent:
            return stack.enter_context(site.parenting(services.address(kind)))

        yield found


@pytest.fixture
def open_site(tmp_path: Path, parents: Parents, meta: Meta) -> Iterator[Opened]:
    with opening(tmp_path, parents, meta) as opened:
        yield opened


@contextmanager
def opening(folder: Path, parents: Parents, meta: Meta) -> Iterator[Opened]:
    """Sites that end together."""
    with ExitStack() as stack:

        def opened(kind: str, *, meta_url: str = "", database_url: str = "", **capi: object) -> Site:
            url = database_url or stack.enter_context(services.database(kind, folder))
            keys = {"GRAPH_URL": meta_url or meta.url, **capi}
            return stack.enter_context(site.running(parents(kind), folder, database_url=url, capi=keys))

        yield opened
