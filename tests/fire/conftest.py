"""A stand-in, and a site in processes of its own on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from tests.fire import services, site
from tests.fire.meta import Meta, listening
from tests.fire.site import Site


class Opened(Protocol):
    """Opens a site on this kind of database, or on the one at a URL, with these keys in CAPI."""

    def __call__(self, kind: str, *, meta_url: str = "", database_url: str = "", **capi: object) -> Site: ...


@pytest.fixture
def meta() -> Iterator[Meta]:
    with listening() as found:
        yield found


@pytest.fixture
def open_site(tmp_path: Path, meta: Meta) -> Iterator[Opened]:
    with opening(tmp_path, meta) as opened:
        yield opened


@contextmanager
def opening(folder: Path, meta: Meta) -> Iterator[Opened]:
    """Sites that end together."""
    with ExitStack() as stack:

        def opened(kind: str, *, meta_url: str = "", database_url: str = "", **capi: object) -> Site:
            url = database_url or stack.enter_context(services.database(kind, folder))
            return stack.enter_context(site.running(folder, database_url=url, meta_url=meta_url or meta.url, capi=capi))

        yield opened
