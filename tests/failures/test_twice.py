"""Whatever happens twice, or at once, or late: one row, one settlement, and no copy that Meta would count again."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from django_capi.models import Status
from tests.conftest import FBP, Show
from tests.failures.conftest import Opened
from tests.failures.meta import Meta
from tests.failures.phases import Phase
from tests.failures.services import need
from tests.failures.site import Site

pytestmark = pytest.mark.story

KINDS = ("postgresql", "sqlite", "mariadb")
HOUR = 3600
TURNS = 50  # of the lane: the beats have called the workers often
NUDGES = 100


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_stored_by_two_processes_at_once_is_one_row(kind: str, open_site: Opened) -> None:
    site = open_site(kind)
    at = time.time() + 1

    both = [site.start("store_at", at=at, count=100) for _ in range(2)]

    for pid in both:
        site.result(pid)
    found = site.call("ledger")
    assert len(found["orders"]) == 200
    assert sorted(row["event_id"] for row in found["events"]) == [f"same-{number:06}" for number in range(100)]


@pytest.mark.parametrize("is_kept", [True, False], ids=["committed", "rolled back"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_second_waits_for_what_becomes_of_the_first(
    kind: str, is_kept: bool, open_site: Opened, tmp_path: Path
) -> None:
    site = open_site(kind)
    tracked, go_on = tmp_path / "tracked", tmp_path / "go on"
    first = site.start("store_slowly", tracked=str(tracked), go_on=str(go_on), is_kept=is_kept)
    site.until(tracked.exists)
    second = site.start("store_at", at=0.0, count=1)

    go_on.touch()

    site.result(first)
    site.result(second)
    found = site.call("ledger")
    assert len(found["orders"]) == 1
    assert {row["event_id"] for row in found["events"]} == {"same-000000"}


def settled(site: Site) -> dict[str, dict[str, object]]:
    return {row["event_id"]: row for row in site.call("ledger")["events"]}


def counted(site: Site, meta: Meta) -> tuple[int, int]:
    """How many arrivals were second ones, and how many attempts were counted as ambiguous."""
    ambiguous = sum(row["ambiguous"] for row in site.call("ledger")["events"])
    return sum(count - 1 for count in meta.arrivals().values()), ambiguous


@pytest.mark.parametrize("kind", KINDS)
def test_a_lease_lost_during_a_slow_post_settles_nothing_twice(
    kind: str, open_site: Opened, meta: Meta, show: Show
) -> None:
    site = open_site(kind, READ_TIMEOUT=30)
    site.call("store", count=20)
    meta.say("slow", seconds=10, times=1)  # longer than the lease, and than a stall before the signal
    sleeper = site.start("watch")
    site.until(lambda: meta.requests == 1)

    site.signal(sleeper, signal.SIGSTOP)
    other = site.start("watch")
    taken = site.until(lambda: site.call("waiting") == 0, tick=0.2)
    site.signal(other, signal.SIGTERM)
    site.wait(other)
    before = settled(site)
    site.signal(sleeper, signal.SIGCONT)
    site.call("store", count=1, first=20)
    site.until(lambda: site.call("waiting") == 0, tick=0.2)

    after = settled(site)
    twice, ambiguous = counted(site, meta)
    show(f"{kind}: lease lost for {taken:.1f} s; {twice} arrived twice, {ambiguous} ambiguous")
    assert {key: after[key] for key in before} == before
    assert {row["status"] for row in after.values()} == {Status.ACCEPTED}
    assert twice <= ambiguous == 20


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_that_slept_over_its_lease_before_it_sent_sends_nothing(
    kind: str, open_site: Opened, meta: Meta, show: Show
) -> None:
    site = open_site(kind)
    site.call("store", count=20)
    sleeper = site.start("once", kill={"phase": Phase.BEFORE_INTENT, "number": signal.SIGSTOP})
    site.until(lambda: site.phase(sleeper) is Phase.BEFORE_INTENT)
    other = site.start("watch")
    site.until(lambda: site.call("waiting") == 0, tick=0.2)
    site.signal(other, signal.SIGTERM)
    site.wait(other)

    site.signal(sleeper, signal.SIGCONT)
    site.result(sleeper)

    twice, ambiguous = counted(site, meta)
    show(f"{kind}: {twice} arrived twice, {ambiguous} ambiguous")
    assert twice <= ambiguous
    assert {row["status"] for row in settled(site).values()} == {Status.ACCEPTED}


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_due_later_than_47_hours_after_its_receipt_is_not_sent(kind: str, open_site: Opened, meta: Meta) -> None:
    site = open_site(kind)
    early, late, alone = (f"event-{number:06}" for number in range(3))
    for event_id in (early, late, alone):
        site.call("visit", event_id=event_id, fbp=FBP)
    site.call("report_browser_copies", event_ids=[early, late], fbp=FBP)
    site.call("let_time_pass", event_id=early, seconds=46 * HOUR)
    site.call("let_time_pass", event_id=late, seconds=48 * HOUR)
    site.call("let_time_pass", event_id=alone, seconds=48 * HOUR)

    site.call("once")

    found = settled(site)
    assert {event_id for _, _, event_id in meta.arrivals()} == {early, alone}
    assert [found[key]["status"] for key in (early, late, alone)] == [Status.ACCEPTED, Status.EXPIRED, Status.ACCEPTED]
    assert found[late]["error_reason"]


def nudge(site: Site, at: dict[str, Any]) -> int:
    """A hundred at once, and again for those to which the broker was silent for a moment; how many it took."""
    taken: list[int] = []

    def is_enough() -> bool:
        taken.append(site.call("nudge", count=NUDGES, **at))
        return sum(taken) >= NUDGES

    site.until(is_enough)
    return sum(taken)


@contextmanager
def celery(site: Site, folder: Path, broker: str) -> Iterator[dict[str, Any]]:
    """Two workers and three beats on a queue of their own, which goes away."""
    at: dict[str, Any] = {"broker": broker, "queue": f"fire-{token_hex(6)}"}
    pids = [site.start("work", name=f"worker{number}@fire", **at) for number in range(2)]
    pids += [site.start("beat", seconds=0.1, schedule=str(folder / f"beat{number}"), **at) for number in range(3)]
    try:
        yield at
        assert not any(site.has_ended(pid) for pid in pids), site.log()
    finally:
        for pid in pids:
            site.signal(pid, signal.SIGTERM)
        for pid in pids:
            end(site, pid)
        site.call("forget", **at)


def end(site: Site, pid: int) -> None:
    """Wait for its end, and kill it after a while: Celery may wait for RabbitMQ, and that is not tried here."""
    try:
        site.wait(pid, patience=20)
    except AssertionError:
        site.signal(pid, signal.SIGKILL)
        site.wait(pid)


@pytest.mark.parametrize("broker", ["redis", "rabbitmq"])
def test_three_beats_and_a_hundred_nudges_at_once_make_no_duplicate(
    broker: str, open_site: Opened, meta: Meta, tmp_path: Path, show: Show
) -> None:
    url = need(broker)
    site = open_site("postgresql", BATCH_EVENTS=20, LEASE_SECONDS=60)
    meta.say("slow", seconds=0.02)
    site.call("store", count=300)
    with celery(site, tmp_path, url) as at:
        nudged = nudge(site, at)
        site.call("store", count=300, first=300)
        site.until(lambda: site.call("waiting") == 0, tick=0.2)
        site.until(lambda: site.call("ledger")["turns"] > TURNS, tick=0.2)

    found = site.call("ledger")
    show(
        f"{broker}: {nudged} nudges, 3 beats, 2 workers: {found['turns']} turns, "
        f"{len(found['batches'])} requests, 600 events"
    )
    assert set(meta.arrivals().values()) == {1}
    assert len(meta.arrivals()) == 600
    assert sum(row["ambiguous"] for row in found["events"]) == 0
