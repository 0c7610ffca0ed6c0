"""How fast a stored backlog reaches a sink, against bare POSTs of the same bodies and against Meta's SDK.

Run `DATABASE_URL=postgres://user@host/postgres python -m benchmarks.drain`, or without DATABASE_URL for a SQLite file;
`--events 100000` for the long form, `--quick` for the short one. Meta's SDK is no dependency of this project: without
it (`pip install facebook-business`) its column is left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import median
from time import perf_counter
from typing import Final

from django.db import connection

from benchmarks import sink
from benchmarks.backlog import PIXEL_IDS, divide, fill, keep
from benchmarks.contenders import SDK_BATCH, bare, has_sdk, ours, sdk, start
from benchmarks.ready import database
from benchmarks.rounds import ratio_line, ratios

OURS: Final = "django_capi"
ONE_SHARD: Final = "django_capi, one shard"
BARE: Final = "bare POSTs"
SDK: Final = "facebook-business"
SLOW: Final = 0.1  # seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """How many lanes, of how many pixels, how soon the sink answers, and the least ratio to whom."""

    lanes: int
    delay: float
    to: str
    target: float
    shards: int = 1

    @property
    def pixel_ids(self) -> tuple[str, ...]:
        return PIXEL_IDS[: self.lanes // self.shards]

    def __str__(self) -> str:
        lanes = "one lane" if self.lanes == 1 else f"{self.lanes} lanes"
        return f"{lanes}{' of one pixel' * (self.shards > 1)}, answers after {self.delay * 1000:.0f} ms"


CASES: Final = (
    Case(lanes=1, delay=0.0, to=SDK, target=1.5),
    Case(lanes=4, delay=0.0, to=SDK, target=1.5),
    Case(lanes=1, delay=SLOW, to=BARE, target=0.75),
    Case(lanes=4, delay=SLOW, to=BARE, target=0.65),
    Case(lanes=4, delay=SLOW, to=ONE_SHARD, target=1.5, shards=4),
)


def contenders(
    case: Case, url: str, options: argparse.Namespace, pool: ProcessPoolExecutor
) -> dict[str, Callable[[], int]]:
    """Each sends all events and says how many arrived; one process a lane."""
    urls, each = [url] * case.lanes, [options.events // case.lanes] * case.lanes
    pixel_ids = [*case.pixel_ids] * case.shards

    def deliver(shards: int) -> int:
        return sum(pool.map(ours, urls, [case.pixel_ids] * case.lanes, [shards] * case.lanes))

    found: dict[str, Callable[[], int]] = {
        OURS: lambda: deliver(case.shards),
        BARE: lambda: sum(pool.map(bare, urls, pixel_ids, each)),
    }
    if case.shards > 1:
        found[ONE_SHARD] = lambda: deliver(1)
    if has_sdk() and (case.to == SDK or not options.quick):
        found[SDK] = lambda: sum(pool.map(sdk, urls, pixel_ids, each))
    return found


def measure(case: Case, url: str, options: argparse.Namespace, pool: ProcessPoolExecutor) -> dict[str, list[float]]:
    """Seconds that each took, round by round; every one has its turn in every round, and one before the first."""
    keep(options.events, case.pixel_ids)
    runs = contenders(case, url, options, pool)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(-1, options.rounds):
        order = list(runs.items())
        for name, run in order[number % len(order) :] + order[: number % len(order)]:
            fill()
            divide(case.pixel_ids, 1 if name == ONE_SHARD else case.shards)
            begin = perf_counter()
            arrived = run()
            times[name].append(perf_counter() - begin)
            if arrived != options.events:
                raise SystemExit(f"{name}: {arrived} of {options.events} events arrived")
    return {name: taken[1:] for name, taken in times.items()}


def table(times: Mapping[str, list[float]], events: int) -> str:
    lines = [f"{'events a second':24} {'median':>10} {'least':>10} {'most':>10}"]
    lines += [
        f"{name:24} {events / median(taken):10.0f} {events / max(taken):10.0f} {events / min(taken):10.0f}"
        for name, taken in times.items()
    ]
    return "\n".join(lines)


def report(case: Case, times: Mapping[str, list[float]], events: int) -> bool:
    """Print the figures; False when the target is missed."""
    print(f"\n{connection.vendor}, {case}\n{table(times, events)}")
    for other in (name for name in times if name != OURS):
        # As fast as the other one is 1; the times are turned round for that.
        print(ratio_line(times, other, OURS), f"(target {case.target})" if other == case.to else "")
    return case.to not in times or median(ratios(times, case.to, OURS)) >= case.target


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000, help="a multiple of 4,000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shards", action="store_true", help="only the case of one pixel with several shards")
    parser.add_argument("--quick", action="store_true", help="few events and rounds, no verdict: does it run?")
    found = parser.parse_args()
    found.cases = CASES
    if found.shards:
        found.cases = CASES[-1:]
    if found.quick:
        found.events, found.rounds, found.cases = 4_000, 2, (CASES[0], *CASES[-2:])
    if found.events % (SDK_BATCH * len(PIXEL_IDS)):
        parser.error("--events: a multiple of 4,000, so that all send the same number")
    return found


def main() -> int:
    options = arguments()
    if not has_sdk():
        print("facebook-business is not installed: its column is left out (pip install facebook-business)")
    missed = 0
    with ExitStack() as stack:
        name = stack.enter_context(database())
        pool = stack.enter_context(
            ProcessPoolExecutor(len(PIXEL_IDS), mp_context=get_context("spawn"), initializer=start, initargs=(name,))
        )
        urls = {delay: stack.enter_context(sink.running(delay)) for delay in (0.0, SLOW)}
        for case in options.cases:
            missed += not report(case, measure(case, urls[case.delay], options, pool), options.events)
    print(f"\n{missed} of {len(options.cases)} targets missed")
    return int(bool(missed) and not options.quick)


if __name__ == "__main__":
    sys.exit(main())
