"""The broker is away, or nobody nudges: the command alone and beat alone deliver everything, and nothing twice."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from django_capi.models import Status
from tests.conftest import Show
from tests.failures import services
from tests.failures.conftest import Opened
from tests.failures.meta import Meta
from tests.failures.site import Site

pytestmark = pytest.mark.story

KINDS = ("postgresql", "sqlite", "mariadb")
EACH = 100  # orders of a writer, at least
REFUSED = "The broker cannot be reached"


@contextmanager
def writing(site: Site, folder: Path, **options: Any) -> Iterator[Callable[[], bool]]:
    """Two writers for as long as it takes; whether both have written enough. They end well."""
    logs = [folder / "anna", folder / "bert"]
    pids = [site.start("write", writer=log.name, seed=1, log=str(log), pause=0.002, **options) for log in logs]
    yield lambda: all(log.exists() and log.read_text().count("\n") >= EACH for log in logs)
    for pid in pids:
        site.signal(pid, signal.SIGTERM)
    assert sum(site.result(pid) for pid in pids) == 0


def check(site: Site, meta: Meta) -> int:
    """Every order's event has arrived, once; how many those are."""
    found = site.call("ledger")
    rows = found["events"]
    assert {row["event_id"] for row in rows} == set(found["orders"])
    assert {row["status"] for row in rows} == {Status.ACCEPTED}
    assert {row["ambiguous"] for row in rows} == {0}
    assert meta.arrivals() == Counter((row["pixel_id"], row["event_name"], row["event_id"]) for row in rows)
    assert meta.foreign_bodies({row["event_id"]: row["payload"] for row in rows}) == 0
    return len(rows)


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_alone_delivers_all_while_the_broker_refuses(
    kind: str, open_site: Opened, meta: Meta, tmp_path: Path, show: Show
) -> None:
    site = open_site(kind, NUDGE=True)
    with services.refusing() as port:
        worker = site.start("watch")
        with writing(site, tmp_path, broker=f"redis://127.0.0.1:{port}//") as is_enough:
            site.until(lambda: is_enough() and REFUSED in site.log())
        site.until(lambda: site.call("waiting") == 0, tick=0.1)
    site.signal(worker, signal.SIGTERM)
    site.wait(worker)

    count = check(site, meta)

    show(f"{kind}, broker refuses: {count} orders, {meta.requests} requests of capi_deliver --watch")


@contextmanager
def beaten(site: Site, folder: Path, broker: str) -> Iterator[None]:
    """A Celery worker and a beat on a queue of their own, which goes away."""
    at: dict[str, Any] = {"broker": broker, "queue": f"fire-{token_hex(6)}"}
    pids = [
        site.start("work", name="worker@fire", **at),
        site.start("beat", seconds=0.2, schedule=str(folder / "schedule"), **at),
    ]
    try:
        yield
    finally:
        for pid in pids:
            site.signal(pid, signal.SIGTERM)
        for pid in pids:
            site.wait(pid)
        site.call("forget", **at)


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_beat_alone_delivers_all_without_a_nudge(
    kind: str, open_site: Opened, meta: Meta, tmp_path: Path, show: Show
) -> None:
    url = services.need("redis")
    site = open_site(kind, NUDGE=False)
    with beaten(site, tmp_path, url):
        with writing(site, tmp_path) as is_enough:
            site.until(lambda: is_enough() and meta.requests)
        site.until(lambda: site.call("waiting") == 0, tick=0.1)

    count = check(site, meta)

    show(f"{kind}, beat alone: {count} orders, {meta.requests} requests")
