"""Shops and workers are killed at any point while orders are paid, also without signals: each is one Purchase."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from django_capi.models import ConversionState, Status
from tests.conftest import Show
from tests.failures.conftest import Opened
from tests.failures.meta import Meta
from tests.failures.site import TICK, Site

pytestmark = pytest.mark.story

SEED = 20261126
KILLS = {"postgresql": 100, "sqlite": 30, "mariadb": 30}
SELLERS = 2
LIFE = (0.3, 1.0)  # seconds: the shortest and the longest
PATIENCE = 180  # seconds after the last kill: a sweep reads a bounded number of objects


def kill(site: Site, number: int, chance: random.Random) -> None:
    """Keep shops and a worker alive for a moment each, until so many have been killed."""
    alive: dict[int, tuple[str, float]] = {}
    seeds = iter(range(10**6))
    killed = 0
    while killed < number:
        roles = [role for role, _ in alive.values()]
        for role in ["sell"] * (SELLERS - roles.count("sell")) + ["watch"] * (1 - roles.count("watch")):
            if role == "watch":
                site.call("end_interval")  # so that it is killed at its sweep, too
            pid = site.start(role, **({"seed": next(seeds)} if role == "sell" else {}))
            alive[pid] = (role, time.monotonic() + chance.uniform(*LIFE))
        for pid, (_, until) in list(alive.items()):
            if time.monotonic() > until:
                site.signal(pid, signal.SIGKILL)
                assert site.wait(pid).code == -signal.SIGKILL, site.log()
                del alive[pid]
                killed += 1
        time.sleep(TICK)
    for pid in alive:
        site.signal(pid, signal.SIGKILL)
        site.wait(pid)


@pytest.mark.parametrize("kind", KILLS)
def test_every_paid_order_is_one_purchase_at_meta(kind: str, open_site: Opened, meta: Meta, show: Show) -> None:
    site = open_site(kind)
    site.call("hasten")  # the shop's first order comes after the app

    kill(site, int(os.environ.get("FIRE_KILLS", KILLS[kind])), random.Random(SEED))
    site.call("end_lease")
    site.until(lambda: site.call("hasten") == 0, patience=PATIENCE)
    site.call("hasten")

    found = site.call("paid")
    rows = {row["object_ref"]: row for row in found["rows"]}
    arrived = {event_id for _, _, event_id in meta.arrivals()}
    show(f"{kind}: {len(found['paid'])} paid orders")
    assert len(found["paid"]) > 0
    assert len(rows) == len(found["rows"])
    assert set(rows) == set(found["paid"])
    assert {row["status"] for row in rows.values()} == {Status.ACCEPTED}
    assert {row["event_id"] for row in rows.values()} == arrived
    assert {state for _, state in found["marks"]} == {ConversionState.STORED}
