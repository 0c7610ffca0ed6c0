"""How long a checkout may have to wait while old rows are removed, against the same checkout in peace and one DELETE.

Run `DATABASE_URL=postgres://user@host/postgres python -m benchmarks.prune`, or without DATABASE_URL for a SQLite file;
`--quick` for the short form. The rows are removed by a process of their own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from statistics import median, quantiles
from time import perf_counter, sleep
from typing import Final

from django.db import connection
from django.utils import timezone

from benchmarks.backlog import PIXEL_IDS, fill, keep
from benchmarks.calls import OURS, wsgi
from benchmarks.contenders import start
from benchmarks.ready import database
from django_capi.ledger import retention
from django_capi.models import Event, Status

LONGEST: Final = 0.020  # seconds of a stall
OLD: Final = timedelta(days=200)  # longer than RETENTION_DAYS
PAUSE: Final = 0.002  # seconds between two checkouts
PEACE: Final = 10.0  # seconds, about as many checkouts as beside the pruning


def prune() -> int:
    return retention.prune()


def delete() -> int:
    """The way without ranges."""
    found, _ = Event.objects.exclude(status=Status.PENDING).delete()
    return found


def age() -> None:
    """Make the kept rows old and final."""
    fill()
    then = timezone.now() - OLD
    Event.objects.update(status=Status.ACCEPTED, finished_at=then, event_time=int(then.timestamp()))


def checkouts(goes_on: Callable[[], bool]) -> list[float]:
    """Seconds of each one."""
    call = wsgi("/checkout-tracked/", OURS, method="POST")
    call()
    taken = []
    while goes_on():
        begin = perf_counter()
        call()
        taken.append(perf_counter() - begin)
        sleep(PAUSE)
    return taken


def in_peace() -> list[float]:
    end = perf_counter() + PEACE
    return checkouts(lambda: perf_counter() < end)


def beside(job: Future[int], rows: int) -> list[float]:
    taken = checkouts(lambda: not job.done())
    if job.result() != rows:
        raise SystemExit(f"{job.result()} of {rows} rows were removed")
    return taken


def line(name: str, taken: list[float]) -> str:
    figures = (median(taken), quantiles(taken, n=100, method="inclusive")[-1], max(taken))
    return f"{name:18}{len(taken):10}" + "".join(f"{figure * 1e3:10.2f}" for figure in figures)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few rows, no verdict: does it run?")
    options = parser.parse_args()
    rows, rounds = (20_000, 1) if options.quick else (options.rows, options.rounds)
    stalls = []
    with (
        database() as name,
        ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=start, initargs=(name,)) as pool,
    ):
        keep(rows, PIXEL_IDS[:1])
        print(f"{connection.vendor}, {rows} old rows")
        print(f"{'ms a checkout':18}" + "".join(f"{head:>10}" for head in ("number", "median", "99 %", "most")))
        for _ in range(rounds):
            peace = in_peace()
            age()
            pruned = beside(pool.submit(prune), rows)
            age()
            deleted = beside(pool.submit(delete), rows)
            print(
                "\n".join([line("in peace", peace), line("beside prune", pruned), line("beside one DELETE", deleted)])
            )
            stalls.append(max(pruned) - max(peace))
    stall = median(stalls)
    spread = f"from {min(stalls) * 1e3:+.1f} to {max(stalls) * 1e3:+.1f}"
    print(f"longest beside prune - longest in peace: {stall * 1e3:+.1f} ms, {spread} (target {LONGEST * 1e3:+.0f})")
    return int(stall > LONGEST and not options.quick)


if __name__ == "__main__":
    sys.exit(main())
