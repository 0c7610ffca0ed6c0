"""Two workers' clocks are twenty minutes apart: the database's clock is the one that counts."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from django_capi.models import Status
from tests.conftest import Show
from tests.failures.conftest import Opened, Parents, opening
from tests.failures.meta import Meta, listening
from tests.failures.site import Site

pytestmark = pytest.mark.story

KINDS = ("postgresql", "mariadb")  # SQLite's clock is the process's own
DAY = 86_400
SKEW = 600  # seconds, to either side
NEAR = 7 * DAY - 3600 - SKEW // 2  # seconds after which a deadline is nearer than the clocks are apart
LEASE = 300  # shorter than the skew, longer than the test
TURNS = 2  # of each worker, in which it sent something
ASKED = 2  # seconds that Meta wants to be left alone


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A site that one test after the other uses, and Meta's view of it."""

    site: Site
    meta: Meta


@pytest.fixture(scope="module", params=KINDS)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, parents: Parents) -> Iterator[Shop]:
    with listening() as meta, opening(tmp_path_factory.mktemp("clocks"), parents, meta) as open_site:
        yield Shop(site=open_site(request.param, LEASE_SECONDS=LEASE), meta=meta)


def test_a_lease_is_neither_taken_early_nor_kept_for_ever(shop: Shop) -> None:
    fences = [shop.site.call("claim_off", ahead=-SKEW)]

    for ahead in (SKEW, -SKEW):
        fences.append(shop.site.call("claim_off", ahead=ahead))
        shop.site.call("end_lease")
        fences.append(shop.site.call("claim_off", ahead=ahead))

    shop.site.call("end_lease")
    assert [fence and fence - fences[0] for fence in fences] == [0, None, 1, None, 2]


def test_an_event_is_given_up_at_its_deadline_whatever_the_worker_thinks(shop: Shop) -> None:
    shop.site.call("store", count=1)
    shop.site.call("let_time_pass", event_id="event-000000", seconds=NEAR)
    ahead = shop.site.call("once_off", ahead=SKEW)
    shop.site.call("store", count=1, first=1)
    shop.site.call("let_time_pass", event_id="event-000001", seconds=NEAR + SKEW)

    behind = shop.site.call("once_off", ahead=-SKEW)

    assert (ahead["accepted"], ahead["expired"]) == (1, 0)
    assert (behind["accepted"], behind["expired"]) == (0, 1)


def test_an_event_of_a_web_process_that_is_ahead_is_not_sent_into_the_future(shop: Shop) -> None:
    assert shop.site.call("commit_off", ahead=SKEW, event_id="anna-1")
    assert shop.site.call("commit_off", ahead=-SKEW, event_id="bert-1")

    report = shop.site.call("once")

    rows = {row["event_id"]: row["status"] for row in shop.site.call("ledger")["events"]}
    assert (report["accepted"], report["rejected"]) == (1, 0)
    assert (rows["anna-1"], rows["bert-1"]) == (Status.PENDING, Status.ACCEPTED)


def turns(log: Path) -> int:
    return log.read_text().count("requests") if log.exists() else 0


def limited(site: Site) -> list[int]:
    """Where among the requests those stand that Meta did not want."""
    return [number for number, found in enumerate(site.call("requests")) if found["http_status"] == 429]


def pauses(requests: list[dict[str, Any]]) -> list[float]:
    """The seconds from each answer that asked for a pause to the next request."""
    return [two["started_at"] - one["finished_at"] for one, two in pairwise(requests) if one["http_status"] == 429]


@pytest.mark.parametrize("kind", KINDS)
def test_two_workers_whose_clocks_differ_send_nothing_twice(
    kind: str, open_site: Opened, meta: Meta, tmp_path: Path, show: Show
) -> None:
    site = open_site(kind, LEASE_SECONDS=LEASE)
    meta.say("slow", seconds=0.03)
    log, told = tmp_path / "anna", {ahead: tmp_path / f"told {ahead}" for ahead in (-SKEW, SKEW)}
    workers = [site.start("watch_off", ahead=ahead, told=str(path)) for ahead, path in told.items()]
    writer = site.start("write", writer=log.name, seed=2, log=str(log), pause=0.1)
    site.until(lambda: all(turns(path) >= TURNS for path in told.values()), tick=0.1)
    meta.say("429_retry_after", retry_after=str(ASKED), times=1)
    site.until(lambda: limited(site), tick=0.1)
    before = {path: turns(path) for path in told.values()}
    site.until(lambda: all(turns(path) >= before[path] + TURNS for path in told.values()), tick=0.1)
    site.signal(writer, signal.SIGTERM)
    assert site.result(writer) == 0
    site.until(lambda: site.call("waiting") == 0, tick=0.1)
    for pid in workers:
        site.signal(pid, signal.SIGTERM)
        assert site.wait(pid).code == 0

    found, requests = site.call("ledger"), site.call("requests")

    rows, waited = found["events"], pauses(requests)
    ambiguous = sum(row["ambiguous"] for row in rows)
    show(
        f"{kind}: {len(rows)} events, {len(requests)} requests in {found['turns']} turns, "
        f"{', '.join(f'{turns(path)} of the worker {ahead:+} s off' for ahead, path in told.items())}; "
        f"{meta.arrivals().total() - len(rows)} twice, {ambiguous} ambiguous; "
        f"asked for a pause of {ASKED} s: {', '.join(f'{seconds:.1f} s' for seconds in waited)}"
    )
    assert {row["event_id"] for row in rows} == set(found["orders"]) == set(log.read_text().split())
    assert {row["status"] for row in rows} == {Status.ACCEPTED}
    assert meta.arrivals() == Counter((row["pixel_id"], row["event_name"], row["event_id"]) for row in rows)
    assert ambiguous == 0
    assert [one["fence"] for one in requests] == sorted(one["fence"] for one in requests)
    assert waited
    assert min(waited) >= ASKED
