"""Meta, the broker or the database is away: the site goes on, and nothing is lost."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

import pytest

from django_capi.models import Status
from tests.conftest import Show
from tests.failures import cluster, services
from tests.failures.conftest import Opened
from tests.failures.meta import Meta, listening
from tests.failures.site import Site

pytestmark = pytest.mark.story

REQUESTS = 40
RESTARTS = 5
# Seconds. A default Celery waits 6 for a broker that refuses and for good for a silent one; half a second, in each
# request, is what our own attempt to publish would cost there.
FIRST = 3.0
LATER = 0.3


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What the stand-in does, and whether the lane wakes up by itself within a minute."""

    answer: str
    control: dict[str, Any] = field(default_factory=dict)
    capi: dict[str, Any] = field(default_factory=dict)
    needs_person: bool = False  # the next try by itself comes after 1 to 15 minutes
    is_ambiguous: bool = False


FAULTS = (
    Fault(answer="slow", control={"seconds": 3}, capi={"READ_TIMEOUT": 1}, is_ambiguous=True),
    Fault(answer="html"),
    Fault(answer="unavailable"),
    Fault(answer="500"),
    Fault(answer="429", needs_person=True),
    Fault(answer="429_retry_after", control={"retry_after": "2"}),
    Fault(answer="throttled", needs_person=True),
    Fault(answer="token_expired", needs_person=True),
    Fault(answer="permission", needs_person=True),
    Fault(answer="nothing", is_ambiguous=True),
    Fault(answer="accept_then_drop", is_ambiguous=True),
)


def check(site: Site, meta: Meta, *, count: int) -> dict[str, int]:
    """Every event is there, once in the ledger and at least once at Meta, with its own bytes."""
    rows = site.call("ledger")["events"]
    arrived = meta.arrivals()
    found = {
        "twice": sum(number - 1 for number in arrived.values()),
        "ambiguous": sum(row["ambiguous"] for row in rows),
        "foreign": meta.foreign_bodies({row["event_id"]: row["payload"] for row in rows}),
    }
    assert {row["status"] for row in rows} == {Status.ACCEPTED}
    assert {row["event_id"] for row in rows} == {event_id for _, _, event_id in arrived}
    assert len(rows) == count
    assert found["foreign"] == 0
    assert found["twice"] <= found["ambiguous"]
    return found


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.answer)
def test_nothing_is_lost_to_an_outage_of_meta(fault: Fault, open_site: Opened, meta: Meta, show: Show) -> None:
    site = open_site("sqlite", **fault.capi)
    site.call("store", count=30)
    meta.say(fault.answer, **fault.control)
    site.start("watch")
    site.until(lambda: site.call("ledger")["pauses"], tick=0.1)
    site.call("store", count=10, first=30)

    meta.say("ok")
    if fault.needs_person:
        site.call("resume")
    seconds = site.until(lambda: site.call("waiting") == 0, tick=0.1)

    found = check(site, meta, count=40)
    show(
        f"{fault.answer}: delivered {seconds:.1f} s after it{' and a resume' * fault.needs_person}, "
        f"{found['twice']} twice, {found['ambiguous']} ambiguous"
    )
    assert (found["ambiguous"] > 0) is fault.is_ambiguous


def test_nothing_is_lost_while_meta_is_down(open_site: Opened, show: Show) -> None:
    with listening() as gone:
        port = urlsplit(gone.url).port or 0
    site = open_site("sqlite", meta_url=gone.url)
    site.call("store", count=30)
    site.start("watch")
    site.until(lambda: site.call("ledger")["pauses"], tick=0.1)

    with listening(port=port) as back:
        seconds = site.until(lambda: site.call("waiting") == 0, tick=0.1)

        found = check(site, back, count=30)
    show(f"down: delivered {seconds:.1f} s after it")
    assert found["ambiguous"] == 0


def test_nothing_is_lost_when_the_database_restarts(open_site: Opened, meta: Meta, tmp_path: Path, show: Show) -> None:
    chance = random.Random(20260729)
    logs = [tmp_path / "anna", tmp_path / "bert"]
    with cluster.private() as database:
        site = open_site("postgresql", database_url=database.url)
        meta.say("slow", seconds=0.1)
        worker = site.start("watch")
        writers = [site.start("write", writer=log.name, seed=0, log=str(log), pause=0.02) for log in logs]
        for _ in range(RESTARTS):
            grow(site, logs, by=chance.randint(5, 40))
            database.restart()
        grow(site, logs, by=20)
        for pid in writers:
            site.signal(pid, signal.SIGTERM)
            site.result(pid)
        site.until(lambda: site.call("waiting") == 0, tick=0.2)

        orders = site.call("ledger")["orders"]
        found = check(site, meta, count=len(orders))
        is_alive = not site.has_ended(worker)
        site.signal(worker, signal.SIGTERM)
        site.wait(worker)
    committed = {line for log in logs for line in log.read_text().split()}
    show(
        f"{RESTARTS} restarts of PostgreSQL: {len(orders)} orders, {found['twice']} events twice, "
        f"{found['ambiguous']} ambiguous attempts"
    )
    assert committed <= set(orders)
    assert is_alive, site.log()


def grow(site: Site, logs: list[Path], *, by: int) -> None:
    """Wait until each writer has committed so many more."""
    before = {log: lines(log) for log in logs}
    site.until(lambda: all(lines(log) >= before[log] + by for log in logs))


def lines(log: Path) -> int:
    return log.read_text().count("\n") if log.exists() else 0


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_what_meta_took_is_settled_though_the_connection_broke_meanwhile(
    kind: str, open_site: Opened, meta: Meta
) -> None:
    site = open_site(kind, READ_TIMEOUT=30, BATCH_EVENTS=20)
    site.call("store", count=40)
    meta.say("slow", seconds=5, times=1)
    worker = site.start("once")
    site.until(lambda: meta.requests == 1)

    cut = site.call("cut_off_others")

    assert cut >= 1
    assert site.result(worker)["accepted"] == 40
    found = check(site, meta, count=40)
    assert (found["twice"], found["ambiguous"]) == (0, 0)


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_transaction_lost_under_the_tracking_is_not_taken_for_committed(
    kind: str, open_site: Opened, tmp_path: Path
) -> None:
    site = open_site(kind)
    tracked, go_on, told = (tmp_path / name for name in ("tracked", "go on", "told"))
    first = site.start("store_slowly", tracked=str(tracked), go_on=str(go_on), is_kept=True)
    site.until(tracked.exists)
    second = site.start("be_cut_off", told=str(told))
    site.until(told.exists)

    site.call("cut_off", number=int(told.read_text()))

    has_heard = site.result(second)
    go_on.touch()
    site.result(first)
    found = site.call("ledger")
    assert found["orders"] == []
    assert has_heard, "the order is gone, and the site was told that it was committed"


Place = Callable[[], AbstractContextManager[int]]

BROKERS: dict[str, Place] = {
    "refusing": services.refusing,
    "silent": services.silent,
    "black hole": services.black_hole,
}


@pytest.mark.parametrize(("service", "scheme"), [("redis", "redis"), ("rabbitmq", "amqp")])
def test_a_request_does_not_wait_for_the_broker(
    service: str, scheme: str, open_site: Opened, meta: Meta, show: Show
) -> None:
    site = open_site("sqlite", NUDGE=True)
    url, queue = services.need(service), f"fire-{token_hex(6)}"
    figures = {"up": site.call("checkouts", broker=url, queue=queue, count=REQUESTS)}
    site.call("forget", broker=url, queue=queue)

    for name, place in BROKERS.items():
        with place() as port:
            broker = f"{scheme}://127.0.0.1:{port}//"
            figures[name] = site.call("checkouts", broker=broker, queue=queue, count=REQUESTS)

    site.call("once")
    check(site, meta, count=len(figures) * (REQUESTS + 1))
    show(f"{service}, milliseconds of a request that commits an event:")
    for name, found in figures.items():
        show("  " + f"{name}: " + ", ".join(f"{key} {value * 1000:.1f}" for key, value in found.items()))
    assert max(found["first"] for found in figures.values()) < FIRST
    assert max(found["median"] for found in figures.values()) < LATER
