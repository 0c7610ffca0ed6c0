"""Workers are killed at every point of a pass while orders are placed: nothing is lost, and duplicates are counted."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from django_capi.models import Status
from tests.conftest import Show
from tests.failures.conftest import Opened
from tests.failures.meta import Meta
from tests.failures.phases import Phase
from tests.failures.site import PATIENCE, TICK, Site

pytestmark = pytest.mark.story

SEED = 20260729
KILLS = {"postgresql": 100, "sqlite": 30, "mariadb": 30}
KILLS_OF_SHARDS = 20
PIXELS = {
    f"shop{number}": {"PIXEL_ID": f"1234567890{number:06}", "ACCESS_TOKEN": "test-token-0123456789"}
    for number in range(24)
}
WORKERS = 3
SHORTEST_TURN = 0.3  # seconds until a worker that never came to its point is killed wherever it is
LONGEST_TURN = 1.5
SLOW = 0.08  # seconds that Meta takes
FEW = 3  # events in a request, so that one is settled while the next is under way
POINTS = [phase for phase in Phase for _ in range(3 if phase is Phase.DURING_POST else 1)]


@dataclass(kw_only=True)
class Killer:
    """Keeps workers alive for a moment each, and remembers where they died."""

    site: Site
    chance: random.Random
    alive: dict[int, float] = field(default_factory=dict)  # pid -> when its time is up
    died: Counter[Phase] = field(default_factory=Counter)

    def kill(self, count: int) -> float:
        """So many, and then whoever is alive; the seconds that it took."""
        started = time.monotonic()
        while self.died.total() < count:
            while len(self.alive) < WORKERS:
                self.begin()
            self.collect_exits()
            time.sleep(TICK)
        for pid in self.alive:
            self.site.signal(pid, signal.SIGKILL)
            self.site.wait(pid)
        return time.monotonic() - started

    def places(self) -> str:
        return ", ".join(f"{phase.name.lower().replace('_', ' ')} {self.died[phase]}" for phase in Phase)

    def begin(self) -> None:
        phase = self.chance.choice(POINTS)
        later = self.chance.uniform(0, SLOW) if phase in (Phase.DURING_POST, Phase.BEFORE_CLAIM) else 0
        pid = self.site.start("watch", kill={"phase": phase, "seconds": later})
        self.alive[pid] = time.monotonic() + self.chance.uniform(SHORTEST_TURN, LONGEST_TURN)

    def collect_exits(self) -> None:
        for pid, until in list(self.alive.items()):
            if self.site.has_ended(pid):
                ended = self.site.wait(pid)
                assert ended.code == -signal.SIGKILL, self.site.log()
                self.died[ended.phase] += 1
                del self.alive[pid]
            elif time.monotonic() > until:
                self.site.signal(pid, signal.SIGKILL)


@pytest.mark.parametrize(("pixels", "shards"), [(len(PIXELS), 1), (6, 4)], ids=["one lane a pixel", "four"])
@pytest.mark.parametrize("kind", KILLS)
def test_nothing_is_lost_to_killed_workers(
    kind: str, pixels: int, shards: int, open_site: Opened, meta: Meta, tmp_path: Path, show: Show
) -> None:
    site = open_site(
        kind,
        PIXELS=dict(list(PIXELS.items())[:pixels]),
        PIXEL_FOR="tests.failures.roles.one_of_them",
        BATCH_EVENTS=FEW,
        SHARDS=shards,
    )
    killer = Killer(site=site, chance=random.Random(SEED))
    meta.say("slow", seconds=SLOW)
    logs = [tmp_path / "anna", tmp_path / "bert"]
    writers = [site.start("write", writer=log.name, seed=SEED, log=str(log), pause=0.01) for log in logs]

    kills = KILLS[kind] if shards == 1 else KILLS_OF_SHARDS
    seconds = killer.kill(int(os.environ.get("FIRE_KILLS", kills)))
    for pid in writers:
        site.signal(pid, signal.SIGTERM)
    failed = sum(site.result(pid) for pid in writers)
    drain(site, meta)

    tallied = site.call("tally")
    found = site.call("ledger")
    rows = {(row["pixel_id"], row["event_name"], row["event_id"]): row for row in found["events"]}
    arrived = meta.arrivals()
    twice = arrived.total() - len(arrived)
    ambiguous = sum(row["ambiguous"] for row in rows.values())
    show(
        f"{kind}, {pixels} pixels with {shards} shards: {len(rows)} events, {twice} arrived twice, "
        f"{ambiguous} ambiguous attempts, {meta.requests} requests; "
        f"{killer.died.total()} kills in {seconds:.0f} s: {killer.places()}"
    )
    assert failed == 0
    assert {row["event_id"] for row in rows.values()} == set(found["orders"]) == set(lines(logs))
    assert {row["status"] for row in rows.values()} == {Status.ACCEPTED}
    assert meta.times() == {key: {row["event_time"]} for key, row in rows.items()}
    assert meta.foreign_bodies({row["event_id"]: row["payload"] for row in rows.values()}) == 0
    assert twice <= ambiguous
    assert found["open_batches"] == 0
    assert tallied["HOUR"] == tallied["DAY"] == {"ACCEPTED": len(rows)}


def lines(logs: list[Path]) -> list[str]:
    return [line for log in logs for line in log.read_text().split()]


def drain(site: Site, meta: Meta) -> None:
    """Let one worker finish what the dead ones left."""
    meta.say("ok")
    worker = site.start("watch")
    site.until(lambda: site.call("waiting") == 0, patience=PATIENCE, tick=0.2)
    site.signal(worker, signal.SIGTERM)
    site.wait(worker)
    site.call("once")
