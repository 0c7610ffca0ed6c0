"""Web processes are killed at any point of a checkout, or storm at one file: the order and its event are one thing."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest

from django_capi.models import Status
from tests.conftest import Show
from tests.failures.conftest import Opened
from tests.failures.meta import Meta
from tests.failures.orders import Point
from tests.failures.site import Site

pytestmark = pytest.mark.story

KINDS = ("postgresql", "sqlite", "mariadb")
DEATHS = 6  # at each point
STORM = 3
ORDERS = 600  # of the hot writers together


def delivered(site: Site, meta: Meta) -> set[str]:
    """The ids of the events, each of which arrived once and as it was stored."""
    rows = site.call("ledger")["events"]
    assert {row["status"] for row in rows} == {Status.ACCEPTED}
    assert meta.arrivals() == Counter((row["pixel_id"], row["event_name"], row["event_id"]) for row in rows)
    assert meta.foreign_bodies({row["event_id"]: row["payload"] for row in rows}) == 0
    return {row["event_id"] for row in rows}


@pytest.mark.parametrize("kind", KINDS)
def test_an_order_of_a_killed_web_process_is_there_with_its_event_or_not_at_all(
    kind: str, open_site: Opened, meta: Meta, tmp_path: Path, show: Show
) -> None:
    site = open_site(kind)
    deaths = {f"{point.name}-{number}": (point, number) for point in Point for number in range(DEATHS)}
    for shopper, (point, number) in deaths.items():
        pid = site.start("die_in_checkout", shopper=shopper, point=point, seed=number, log=str(tmp_path / shopper))
        assert site.wait(pid).code == -signal.SIGKILL, site.log()
    found = site.call("ledger")

    report = site.call("once")

    orders = set(found["orders"])
    survived = Counter(deaths[shopper][0] for shopper in deaths if f"{shopper}-last" in orders)
    show(
        f"{kind}: {len(deaths)} web processes killed, {len(orders)} orders, {report['accepted']} events; "
        f"{survived.total()} of the last orders had been committed, {DEATHS} of them right before the death"
    )
    assert orders == {row["event_id"] for row in found["events"]} == delivered(site, meta)
    assert orders >= {line for shopper in deaths for line in (tmp_path / shopper).read_text().split()}
    assert (survived[Point.BEFORE_COMMIT], survived[Point.IN_SAVEPOINT]) == (0, 0)
    assert survived[Point.AFTER_COMMIT] == DEATHS


def test_no_writer_of_a_storm_on_sqlite_sees_a_locked_database(
    open_site: Opened, meta: Meta, tmp_path: Path, show: Show
) -> None:
    site = open_site("sqlite", BATCH_EVENTS=50)
    logs = [tmp_path / f"hot{number}" for number in range(STORM)]
    worker = site.start("watch")
    writers = [site.start("write", writer=log.name, seed=0, log=str(log), pause=0) for log in logs]
    site.until(lambda: meta.requests and all(map(lines, logs)) and sum(map(lines, logs)) >= ORDERS)
    early = meta.arrivals().total()
    for pid in writers:
        site.signal(pid, signal.SIGTERM)

    failed = sum(site.result(pid) for pid in writers)

    site.until(lambda: site.call("waiting") == 0, tick=0.1)
    site.signal(worker, signal.SIGTERM)
    site.wait(worker)
    orders = set(site.call("ledger")["orders"])
    committed = {line for log in logs for line in log.read_text().split()}
    show(f"{STORM} hot writers: {len(orders)} orders, {early} events delivered before they stopped")
    assert failed == 0
    assert orders == committed == delivered(site, meta)
    assert "The database does not answer" not in site.log()


def lines(log: Path) -> int:
    return log.read_text().count("\n") if log.exists() else 0
