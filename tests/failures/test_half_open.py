"""A connection to Meta goes silent half-way and stays open: the attempt ends and counts, the events arrive later."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from django_capi.models import Status
from tests.conftest import Show
from tests.failures.conftest import Opened
from tests.failures.meta import Meta
from tests.failures.site import PATIENCE, Site

pytestmark = pytest.mark.story

PIECE = 16 * 1024
SMALL = 2048  # bytes that the proxy's own socket takes
SEGMENT = 500  # bytes; with the 64 kB of loopback the sender's own socket takes the longest body at once
SILENCE = 5  # seconds until the worker gives up; the attempts after that one have to stay below
FEW, MANY = 20, 1000  # events; a request of many does not fit into the sockets between the two


@dataclass(kw_only=True)
class Proxy:
    """Passes bytes on in both directions. Silent, it keeps the connections and passes on only the first few."""

    target: tuple[str, int]
    listener: socket.socket
    first: int | None = None  # bytes of a request that get through; None: all, and the answer
    kept: list[socket.socket] = field(default_factory=list)
    swallowed: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self.listener.getsockname())

    def serve(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:  # closed
                return
            far = socket.create_connection(self.target)
            self.kept += [near, far]
            threading.Thread(target=self.forward, args=(near, far, self.first), daemon=True).start()
            threading.Thread(target=self.answer, args=(far, near, self.first), daemon=True).start()

    def forward(self, near: socket.socket, far: socket.socket, left: int | None) -> None:
        with suppress(OSError):
            while left != 0 and (piece := near.recv(PIECE if left is None else min(left, PIECE))):
                far.sendall(piece)
                left = None if left is None else left - len(piece)
        if left is None:
            hang_up(far)

    def answer(self, far: socket.socket, near: socket.socket, first: int | None) -> None:
        with suppress(OSError):
            while piece := far.recv(PIECE):
                if first is None:
                    near.sendall(piece)
                else:
                    self.swallowed.set()
        if first is None:
            hang_up(near)

    def close(self) -> None:
        hang_up(self.listener)
        for each in [self.listener, *self.kept]:
            hang_up(each)
            each.close()


def hang_up(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)


@contextmanager
def between(meta: Meta, *, first: int) -> Iterator[Proxy]:
    """A proxy in front of the stand-in."""
    parts = urlsplit(meta.url)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        proxy = Proxy(target=(parts.hostname or "", parts.port or 0), listener=listener, first=first)
        thread = threading.Thread(target=proxy.serve, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.close()
            thread.join()


@pytest.mark.parametrize(
    ("kind", "first", "count", "has_arrived"),
    [
        pytest.param("sqlite", 100, FEW, False, id="in the head"),
        pytest.param("postgresql", 2000, FEW, False, id="in the body"),
        pytest.param("sqlite", 2000, MANY, False, id="in a body that does not fit"),
        pytest.param("mariadb", 10**9, FEW, True, id="before the answer"),
    ],
)
def test_nothing_is_lost_to_a_connection_that_goes_silent(
    kind: str,
    first: int,
    count: int,
    has_arrived: bool,
    open_site: Opened,
    meta: Meta,
    show: Show,
) -> None:
    with between(meta, first=first) as proxy:
        site = open_site(kind, meta_url=proxy.url, BATCH_EVENTS=MANY, CONNECT_TIMEOUT=SILENCE, READ_TIMEOUT=SILENCE)
        site.call("store", count=count)
        silent = site.call("once")
        if has_arrived:
            assert proxy.swallowed.wait(PATIENCE)
        proxy.first = None
        site.call("resume")

        later: list[dict[str, int]] = []
        site.until(lambda: waiting_after(site, later) == 0)
        found = site.call("ledger")
        rows = found["events"]
        foreign = meta.foreign_bodies({row["event_id"]: row["payload"] for row in rows})
    twice = meta.arrivals().total() - len(meta.arrivals())
    show(
        f"{kind}, {count} events, silent after {first} bytes: {silent['ambiguous']} ambiguous, "
        f"then {sum(one['requests'] for one in later)} requests and {twice} arrived twice"
    )
    assert (silent["requests"], silent["ambiguous"], silent["accepted"]) == (1, count, 0)
    assert found["batches"][0]["outcome"] == "ambiguous"
    assert {(row["status"], row["ambiguous"]) for row in rows} == {(Status.ACCEPTED, 1)}
    assert {row["event_id"] for row in rows} == {event_id for _, _, event_id in meta.arrivals()}
    assert twice == count * has_arrived
    assert foreign == 0


def waiting_after(site: Site, passes: list[dict[str, int]]) -> int:
    """How many events wait after one more pass."""
    passes.append(site.call("once"))
    waiting: int = site.call("waiting")
    return waiting
