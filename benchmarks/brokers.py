"""Brokers on loopback that refuse, hang or answer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Final

FILLERS: Final = 8  # connections: more than a backlog of nothing holds


@contextmanager
def refusing() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield port


@contextmanager
def hanging() -> Iterator[int]:
    """The kernel accepts; nobody ever answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield server.getsockname()[1]


@contextmanager
def black_holed() -> Iterator[int]:
    """A full backlog: the kernel drops what else comes, as a firewall does."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        fillers = [socket.socket() for _ in range(FILLERS)]
        for filler in fillers:
            filler.settimeout(0)
            with suppress(BlockingIOError):
                filler.connect(server.getsockname())
        yield server.getsockname()[1]
        for filler in fillers:
            filler.close()


FAULTS: Final[Mapping[str, Callable[[], AbstractContextManager[int]]]] = {
    "refusing": refusing,
    "hanging": hanging,
    "black-holed": black_holed,
}
