"""A demo of its own for each module, in a folder that goes away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from example_project.demo.processes import Demo, free_port


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    shop_port = free_port(18000)
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
