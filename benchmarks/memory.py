"""How much memory a worker takes while it drains a large backlog: it must stay flat, and below 120 MB.

Run `DATABASE_URL=postgres://user@host/postgres python -m benchmarks.memory`, or without DATABASE_URL for a SQLite file;
`--quick` for the short form. The resident size is read from /proc, every hundredth of a second.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from resource import getpagesize
from statistics import median
from typing import Final

from django.db import connection

from benchmarks import sink
from benchmarks.backlog import PIXEL_IDS, fill, keep
from benchmarks.contenders import ours, start
from benchmarks.ready import database

MOST: Final = 120.0  # MB
GROWTH: Final = 1.05  # of the last quarter over the second: the first one fills caches
PERIOD: Final = 0.01  # seconds
MEGABYTE: Final = 1_000_000


def resident() -> float:
    """This process, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize() / MEGABYTE


def watched(url: str, pixel_ids: tuple[str, ...]) -> tuple[int, list[float]]:
    """Drain, and look at the clock's pace how large the process is."""
    sizes = [resident()]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(PERIOD):
            sizes.append(resident())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    arrived = ours(url, pixel_ids)
    over.set()
    watcher.join()
    return arrived, sizes


def quarters(sizes: list[float]) -> list[float]:
    """The median of each quarter of the run."""
    step = max(len(sizes) // 4, 1)
    return [median(sizes[first : first + step]) for first in range(0, step * 4, step) if sizes[first : first + step]]


def report(events: int, sizes: list[float]) -> bool:
    """Print the figures; False when a target is missed."""
    parts = quarters(sizes)
    growth = parts[-1] / parts[min(1, len(parts) - 1)]
    print(f"{connection.vendor}, {events} events, {len(sizes)} looks")
    print(f"at the start {sizes[0]:.1f} MB, at most {max(sizes):.1f} MB (target {MOST:.0f})")
    print(f"by quarters {', '.join(f'{part:.1f}' for part in parts)} MB, growth {growth:.3f} (target {GROWTH})")
    return max(sizes) <= MOST and growth <= GROWTH


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="few events, no verdict: does it run?")
    options = parser.parse_args()
    events = 10_000 if options.quick else options.events
    if not os.access("/proc/self/statm", os.R_OK):
        print("there is no /proc/self/statm here: memory is not measured")
        return 0
    with database() as name, sink.running() as url:
        keep(events, PIXEL_IDS[:1])
        fill()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=start, initargs=(name,)) as pool:
            arrived, sizes = pool.submit(watched, url, PIXEL_IDS[:1]).result()
    if arrived != events:
        raise SystemExit(f"{arrived} of {events} events arrived")
    return int(not report(events, sizes) and not options.quick)


if __name__ == "__main__":
    sys.exit(main())
