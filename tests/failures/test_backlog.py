"""The ledger is swept while it is in use, and a long outage ends: what waits stays, and goes in the order of need."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from django_capi.models import Status
from tests.conftest import Show
from tests.failures.conftest import Opened
from tests.failures.meta import Meta

pytestmark = pytest.mark.story

KINDS = ("postgresql", "sqlite", "mariadb")
OLD = 500  # events that were delivered long ago
LATE = 300  # events as old that wait still
EACH = 50  # orders of a writer, at least
BACKLOG = 2000
OUTAGE = 6.9  # days


@pytest.mark.parametrize("kind", KINDS)
def test_pruning_beside_a_worker_and_checkouts_takes_only_what_is_over(
    kind: str, open_site: Opened, meta: Meta, tmp_path: Path, show: Show
) -> None:
    site = open_site(kind, RETENTION_DAYS=1, PAYLOAD_DAYS=1, BATCH_EVENTS=20, READ_TIMEOUT=30)
    site.call("store", count=OLD)
    site.call("once")
    site.call("grow_old", days=4)
    site.call("store_spread", total=LATE, youngest=3, oldest=5, seed=3)
    meta.say("500", times=1)
    site.call("once")  # and now the lane pauses

    stop, logs = tmp_path / "stop", [tmp_path / "anna", tmp_path / "bert"]
    pruner = site.start("prune_often", stop=str(stop))
    writers = [site.start("write", writer=log.name, seed=4, log=str(log), pause=0.002) for log in logs]
    site.until(lambda: all(lines(log) >= EACH for log in logs))
    site.until(lambda: not {row["event_id"] for row in site.call("ledger")["events"]} & old_ids())
    waiting = {row["event_id"] for row in site.call("ledger")["events"] if row["status"] == Status.PENDING}
    site.call("resume")
    worker = site.start("watch")
    before = {log: lines(log) for log in logs}
    site.until(lambda: site.call("grow_old", days=4) and all(lines(log) >= before[log] + EACH for log in logs))
    for pid in writers:
        site.signal(pid, signal.SIGTERM)
    failed = sum(site.result(pid) for pid in writers)
    site.until(lambda: site.call("waiting") == 0, tick=0.1)
    stop.touch()
    pruned = site.result(pruner)
    site.signal(worker, signal.SIGTERM)
    site.wait(worker)

    tallied = site.call("tally")
    found = site.call("ledger")
    left = {row["event_id"] for row in found["events"]}
    arrived = {event_id for _, _, event_id in meta.arrivals()}
    show(
        f"{kind}: {pruned['removed']} rows removed in {pruned['runs']} runs, {len(waiting)} waited meanwhile; "
        f"{len(found['orders'])} orders, {len(arrived)} events arrived, {len(left)} rows left"
    )
    assert failed == 0
    assert waiting >= late_ids()
    assert arrived == old_ids() | late_ids() | set(found["orders"])
    assert set(meta.arrivals().values()) == {1}, site.log()
    assert {row["status"] for row in found["events"]} <= {Status.ACCEPTED}
    assert pruned["removed"] == len(arrived) - len(left) > OLD
    assert tallied["HOUR"] == tallied["DAY"] == {"ACCEPTED": len(arrived)}
    assert tallied["PRUNED"] == {"ACCEPTED": pruned["removed"]}


def old_ids() -> set[str]:
    return {f"event-{number:06}" for number in range(OLD)}


def late_ids() -> set[str]:
    return {f"spread-{number:06}" for number in range(LATE)}


def lines(log: Path) -> int:
    return log.read_text().count("\n") if log.exists() else 0


@pytest.mark.parametrize("kind", KINDS)
def test_after_a_long_outage_the_nearest_deadline_goes_first_and_nothing_expires(
    kind: str, open_site: Opened, meta: Meta, show: Show
) -> None:
    site = open_site(kind, BATCH_EVENTS=100)
    meta.say("500", times=1)
    site.call("store_spread", total=BACKLOG, youngest=0, oldest=OUTAGE, seed=5)
    site.call("once")
    site.call("resume")
    meta.bodies.clear()

    report = site.call("once")

    rows = site.call("ledger")["events"]
    order = [event["event_id"] for body in meta.bodies for event in json.loads(body)["data"]]
    show(f"{kind}: {len(order)} events of {OUTAGE} days in {report['requests']} requests")
    assert order == [f"spread-{number:06}" for number in range(BACKLOG)]
    assert (report["accepted"], report["expired"]) == (BACKLOG, 0)
    assert {row["status"] for row in rows} == {Status.ACCEPTED}
