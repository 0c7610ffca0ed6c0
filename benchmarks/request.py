"""What a request pays: for the middleware, for a Purchase in its checkout, for a receipt, and for a dead broker.

Run `DATABASE_URL=postgres://user@host/postgres python -m benchmarks.request`, or without DATABASE_URL for a SQLite
file; `--quick` for the short form. Everything runs in this process, through Django's own handlers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from statistics import median
from time import perf_counter, process_time, thread_time
from typing import Final

from celery import Celery
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks import brokers
from benchmarks.calls import DEFAULT_STACK, OURS, Clock, alternate, asgi, wsgi
from benchmarks.ready import database
from benchmarks.rounds import ratio_line, ratios, table
from django_capi.delivery import nudge
from django_capi.models import Event

Times = Mapping[str, list[float]]

SCHEMES: Final = {"amqp": "amqp://guest:guest@127.0.0.1:{}//", "redis": "redis://127.0.0.1:{}/0"}
UP: Final = "memory://"
ADDED: Final = 5.0  # microseconds of the middleware
FIRST: Final = 0.6  # seconds more of the first request while the broker is away
LATER: Final = 0.001  # seconds more of every other one
AWAY: Final = 0.7  # seconds of requests: longer than the attempt to reach a broker takes


def middleware(options: argparse.Namespace) -> bool:
    calls = {
        "bare view": wsgi("/nothing/"),
        "bare view, ours": wsgi("/nothing/", OURS),
        "default stack": wsgi("/nothing/", *DEFAULT_STACK),
        "default stack, ours": wsgi("/nothing/", *DEFAULT_STACK, OURS),
    }
    times = alternate(calls, rounds=options.rounds, seconds=options.seconds, clock=thread_time)
    print("\nMiddleware on a request that tracks nothing, WSGI, CPU\n" + table(times))
    queries = count(calls["default stack, ours"])
    print(f"{queries} queries (target 0)")
    if queries:
        raise SystemExit("a request that tracks nothing asks nothing")
    small = [added(times, f"{name}, ours", name) <= ADDED for name in ("bare view", "default stack")]
    return all(small)


def added(times: Times, of: str, to: str) -> float:
    found = [(first - second) * 1e6 for first, second in zip(times[of], times[to], strict=True)]
    least, most = min(found), max(found)
    print(f"{of} - {to}: median {median(found):+.1f} us, from {least:+.1f} to {most:+.1f} (target {ADDED:+.0f})")
    print(ratio_line(times, of, to))
    return median(found)


def middleware_async(options: argparse.Namespace) -> bool:
    each = 5
    with asyncio.Runner() as runner:
        calls = {
            "bare view": asgi(runner, "/nothing-async/", requests=each),
            "bare view, ours": asgi(runner, "/nothing-async/", OURS, requests=each),
            "default stack": asgi(runner, "/nothing-async/", *DEFAULT_STACK, requests=each),
            "default stack, ours": asgi(runner, "/nothing-async/", *DEFAULT_STACK, OURS, requests=each),
        }
        found = alternate(calls, rounds=options.rounds, seconds=options.seconds, clock=process_time)
    times = {name: [taken / each for taken in taken_by] for name, taken_by in found.items()}
    print("\nMiddleware on a request that tracks nothing, ASGI, CPU of all threads\n" + table(times))
    reached = [within(times, f"{name}, ours", name, 1.05) for name in ("bare view", "default stack")]
    return all(reached)


def within(times: Times, of: str, to: str, target: float) -> bool:
    print(ratio_line(times, of, to), f"(target {target})")
    return median(ratios(times, of, to)) <= target


def checkout(options: argparse.Namespace) -> bool:
    tracked = wsgi("/checkout-tracked/", OURS, method="POST")

    def without_savepoint() -> None:
        with no_savepoints():
            tracked()

    calls: dict[str, Callable[[], object]] = {
        "create() of the same row": wsgi("/checkout-created/", OURS, method="POST"),
        "track(), savepoint": tracked,
        "track(), plain": without_savepoint,
    }
    times = alternate(calls, rounds=options.rounds, seconds=options.seconds, clock=clock())
    print("\nCheckout with one Purchase in its transaction\n" + table(times))
    inserts = {name: count(call, "INSERT", Event._meta.db_table) for name, call in calls.items()}
    print(", ".join(f"{name}: {found} INSERT" for name, found in inserts.items()), "(target 1)")
    if set(inserts.values()) != {1}:
        raise SystemExit("a Purchase is one INSERT")
    plain = within(times, "track(), plain", "create() of the same row", 1.3)
    safe = within(times, "track(), savepoint", "create() of the same row", 2.0)
    return plain and safe


def clock() -> Clock:
    """SQLite works in this thread, and its CPU time is what a busy machine disturbs least; a server's is waited for."""
    return thread_time if connection.vendor == "sqlite" else perf_counter


@contextmanager
def no_savepoints() -> Iterator[None]:
    """The same path as for a database that has none."""
    connection.features.uses_savepoints = False
    try:
        yield
    finally:
        connection.features.uses_savepoints = True


def collector(options: argparse.Namespace) -> bool:
    seen = uuid.uuid4().hex
    calls: dict[str, Callable[[], object]] = {
        "view with one INSERT": wsgi("/one-insert/", OURS, method="POST", body=lambda: posted(uuid.uuid4().hex)),
        "collector, mirrored": wsgi("/capi/collect/", OURS, method="POST", body=lambda: posted(uuid.uuid4().hex)),
        "collector, receipt": wsgi("/capi/collect/", OURS, method="POST", body=lambda: posted(seen, mirror=False)),
    }
    wsgi("/capi/collect/", OURS, method="POST", body=lambda: posted(seen))()
    before = Event.objects.count()
    calls["collector, mirrored"]()
    if Event.objects.count() != before + 1:
        raise SystemExit("the collector stored nothing")
    times = alternate(calls, rounds=options.rounds, seconds=options.seconds, clock=clock())
    print("\nOne collector POST\n" + table(times))
    ours = ("collector, mirrored", "collector, receipt")
    reached = [within(times, name, "view with one INSERT", 1.5) for name in ours]
    return all(reached)


def posted(event_id: str, *, mirror: bool = True) -> bytes:
    """What the script reports of one page view."""
    event = {"event_name": "PageView", "event_id": event_id, "state": "fired", "pixels": ["1234567890123456"], "age": 0}
    body = {"url": "https://shop.example.com/", "referrer": "", "events": [{**event, "mirror": mirror}]}
    return json.dumps(body).encode()


def broker(options: argparse.Namespace) -> bool:
    """Checkouts while the broker is up, and while it is away, in turns; the first one and all that follow."""
    schemes = [scheme for scheme in SCHEMES if scheme == "amqp" or find_spec("redis")]
    results = []
    for scheme in schemes:
        times: dict[str, tuple[list[float], list[float]]] = {}
        for _ in range(options.broker_rounds):
            note(times, "up", UP)
            for fault, made in brokers.FAULTS.items():
                with made() as port:
                    note(times, fault, SCHEMES[scheme].format(port))
        print(f"\nCheckout with the broker away, {scheme}")
        results += [costs_nothing(times, fault) for fault in brokers.FAULTS]
    return all(results)


def note(times: dict[str, tuple[list[float], list[float]]], state: str, broker_url: str) -> None:
    """Seconds of the first checkout after a start, and of those that follow."""
    call = wsgi("/checkout-tracked/", OURS, method="POST")
    call()
    use(broker_url)
    begin = perf_counter()
    taken = []
    while perf_counter() < begin + AWAY:
        start = perf_counter()
        call()
        taken.append(perf_counter() - start)
    first, later = times.setdefault(state, ([], []))
    first.append(taken[0])
    later.append(median(taken[1:]))


def use(broker_url: str) -> None:
    """A Celery of its own and a bell that has never rung, as in a process that has just started."""
    app = Celery("benchmark", broker=broker_url)
    app.set_default()
    app.set_current()
    nudge.publisher = nudge.Publisher()


def costs_nothing(times: Mapping[str, tuple[list[float], list[float]]], fault: str) -> bool:
    """Print what the first and the later requests pay more than with the broker up."""
    first, later = (
        [away - up for away, up in zip(times[fault][part], times["up"][part], strict=True)] for part in (0, 1)
    )
    print(
        f"{fault}: first {median(first) * 1e3:+.2f} ms, from {min(first) * 1e3:+.2f} to {max(first) * 1e3:+.2f} "
        f"(target {FIRST * 1e3:+.0f}); later {median(later) * 1e3:+.3f} ms, "
        f"from {min(later) * 1e3:+.3f} to {max(later) * 1e3:+.3f} (target {LATER * 1e3:+.0f})"
    )
    return median(first) <= FIRST and median(later) <= LATER


def count(call: Callable[[], object], *words: str) -> int:
    """How many queries of a call hold these words."""
    with CaptureQueriesContext(connection) as queries:
        call()
    return sum(all(word in query["sql"] for word in words) for query in queries)


SECTIONS: Final = (middleware, middleware_async, checkout, collector, broker)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds, no verdict: does it run?")
    parser.add_argument("--only", choices=[section.__name__ for section in SECTIONS])
    options = parser.parse_args()
    options.rounds, options.seconds, options.broker_rounds = (3, 0.2, 1) if options.quick else (9, 0.3, 5)
    logging.getLogger("django_capi").setLevel(logging.CRITICAL)
    use(UP)
    with database():
        print(connection.vendor)
        reached = [section(options) for section in SECTIONS if options.only in (None, section.__name__)]
    print(f"\n{reached.count(False)} of {len(reached)} parts miss a target")
    return int(not all(reached) and not options.quick)


if __name__ == "__main__":
    sys.exit(main())
