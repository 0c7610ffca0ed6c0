"""Bad events hide among a thousand: they end alone, and soon."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from django_capi.models import Status
from tests.conftest import Show
from tests.failures.conftest import Opened, Parents, opening
from tests.failures.meta import Meta, listening
from tests.failures.site import Site
from tests.support.refusing_meta import NOT_HASHED, refusing

pytestmark = pytest.mark.story

COUNT = 1000
PASSES = 40  # more than any of these need
PLACES: dict[str, Sequence[int]] = {
    "the first": [0],
    "the last": [999],
    "one in the middle": [500],
    "three, first": [0, 1, 2],
    "three, last": [997, 998, 999],
    "three, around the middle": [499, 500, 501],
    "three, apart": [0, 500, 999],
    "ten, first": range(10),
    "ten, last": range(990, 1000),
    "ten, around the middle": range(495, 505),
    "ten, as far apart as can be": range(50, 1000, 100),
    "ten, each in two": range(0, 20, 2),
    **{
        f"{k} at random, seed {seed}": random.Random(seed).sample(range(COUNT), k)
        for k in (1, 3, 10)
        for seed in (1, 2, 3)
    },
}


def bound(bad: int, count: int = COUNT) -> int:
    return 2 * bad * math.ceil(math.log2(count / bad)) + 2 * bad


def deliver_all(site: Site) -> int:
    """Pass after pass until nothing waits; how many it took."""
    for number in range(1, PASSES + 1):
        site.call("once")
        if site.call("waiting") == 0:
            return number
    raise AssertionError(f"events still wait after {PASSES} passes")


@dataclass(kw_only=True)
class Thousands:
    """A site that takes a thousand events after the other, and Meta's view of it."""

    site: Site
    meta: Meta
    stored: int = 0


@pytest.fixture(scope="module")
def thousands(tmp_path_factory: pytest.TempPathFactory, parents: Parents) -> Iterator[Thousands]:
    with listening() as meta, opening(tmp_path_factory.mktemp("poison"), parents, meta) as open_site:
        yield Thousands(site=open_site("sqlite", BATCH_EVENTS=COUNT), meta=meta)


@pytest.mark.parametrize("places", PLACES.values(), ids=PLACES)
def test_the_good_are_delivered_within_the_bound(places: Sequence[int], thousands: Thousands, show: Show) -> None:
    site, meta, first = thousands.site, thousands.meta, thousands.stored
    thousands.stored += COUNT
    before = meta.requests
    bad = {f"event-{first + number:06}" for number in places}
    site.call("store", count=COUNT, first=first, bad=[first + number for number in places])

    passes = deliver_all(site)

    requests = meta.requests - before
    found = site.call("ledger", since=f"event-{first:06}")
    rejected = {row["event_id"]: row for row in found["events"] if row["status"] == Status.REJECTED}
    arrived = [event_id for _, _, event_id in meta.arrivals().elements() if event_id >= f"event-{first:06}"]
    show(f"{len(places)} bad: {requests} requests in {passes} passes, bound {bound(len(places))}")
    assert set(rejected) == bad
    assert {row["error_subcode"] for row in rejected.values()} == {NOT_HASHED}
    assert all(row["error_reason"] for row in rejected.values())
    assert sorted(arrived) == sorted({row["event_id"] for row in found["events"]} - bad)
    assert len(arrived) == COUNT - len(places)
    assert requests <= bound(len(places))


def test_when_all_are_refused_alike_none_is_rejected_and_the_lane_pauses(
    open_site: Opened, meta: Meta, show: Show
) -> None:
    site = open_site("sqlite")
    site.call("store", count=COUNT, bad=list(range(COUNT)))

    site.call("once")

    found = site.call("ledger")
    show(f"all {COUNT} refused alike: {meta.requests} requests, then a pause")
    assert {row["status"] for row in found["events"]} == {Status.PENDING}
    assert found["pauses"]
    assert meta.requests <= bound(1)


def is_pair(ids: Sequence[str]) -> bool:
    return {"event-000100", "event-000900"} <= set(ids)


def is_more_than_seven(ids: Sequence[str]) -> bool:
    return len(ids) > 7


def is_even(ids: Sequence[str]) -> bool:
    return len(ids) % 2 == 0


def is_crowd_at_random(ids: Sequence[str]) -> bool:
    return len(ids) > 1 and random.Random("".join(ids)).random() < 0.9


@pytest.mark.parametrize("is_refused", [is_pair, is_more_than_seven, is_even, is_crowd_at_random])
def test_a_refusal_that_no_single_event_reproduces_ends(
    is_refused: Callable[[Sequence[str]], bool], open_site: Opened, show: Show
) -> None:
    taken: list[str] = []
    with refusing(is_refused, taken) as url:
        site = open_site("sqlite", meta_url=url, BATCH_EVENTS=1000)
        site.call("store", count=COUNT)

        passes = deliver_all(site)

        found = site.call("ledger")
    show(f"{is_refused.__name__}: {len(found['batches'])} requests in {passes} passes")
    assert {row["status"] for row in found["events"]} == {Status.ACCEPTED}
    assert sorted(taken) == sorted(row["event_id"] for row in found["events"])


def holds_the_large_one(ids: Sequence[str]) -> bool:
    return "event-000010" in ids


def test_one_event_that_is_too_large_for_meta_does_not_hold_up_the_others(open_site: Opened) -> None:
    taken: list[str] = []
    with refusing(holds_the_large_one, taken, status=413) as url:
        site = open_site("sqlite", meta_url=url)
        site.call("store", count=100)

        deliver_all(site)

        found = site.call("ledger")
    assert len(taken) == len(set(taken)) == 99
    assert [row["event_id"] for row in found["events"] if row["status"] == Status.REJECTED] == ["event-000010"]
