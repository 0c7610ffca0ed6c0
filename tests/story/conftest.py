"""A demo of its own for each module, in a folder that goes away."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from example_project.demo.processes import Demo, free_port

PORTS = 10  # of a process; the last of them all is below those that the system gives to clients


def own_port() -> int:
    """The first of some ports that no other test process asks for."""
    return 18_000 + os.getpid() % 1000 * PORTS


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    shop_port = free_port(own_port())
    made = Demo(
        folder=tmp_path_factory.mktemp("demo"),
        shop_port=shop_port,
        meta_port=free_port(shop_port + 1),
        sweep_seconds=1.0,
    )
    made.prepare()
    made.manage("migrate", "--noinput", "--verbosity=0")
    made.manage("seed", "--no-history")
    try:
        made.start_meta()
        made.start_shop()
        made.start_worker()
        yield made
    finally:
        made.stop()
