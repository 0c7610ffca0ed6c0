"""Measure what 10,000 hostile posts to the collector do to the ledger, and what each of them costs.

Run `DATABASE_URL=postgres://user@host/postgres python -m benchmarks.hostile`, the same with `mysql://…`, or without
DATABASE_URL for SQLite; `--quick` for the short form. The ledger holds no event at first, and then 100,000 that the
server saw. The posts replay a signed Purchase, make up Purchases, use the ids of the server's events, send junk, and
change address and cookie. The rates are the default ones; in the last part there are none, to see what a post costs
that is written.

Times are printed as elapsed time and as CPU time of this process. The targets are for CPU time on SQLite, which works
in this process, and for elapsed time on a database server.
"""

from __future__ import annotations

import argparse
import json
import logging
import secrets
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import cycle, islice
from statistics import mean, median
from time import perf_counter, thread_time, time
from typing import Any, Final, NamedTuple

from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import override_settings

from benchmarks.backlog import PIXEL_IDS, TABLE, copy, keep
from benchmarks.calls import OURS, environ
from benchmarks.ready import database, is_postgresql, join
from django_capi.browser import specs
from django_capi.conf import Conf, conf
from django_capi.models import Event, Origin, Status

GROWTH: Final = 1.2  # of the cost of a post, from the first to the last, and with the rows
EACH: Final = 20  # items in a post
MADE: Final = 20_000  # rows that are made; the others are copies of them
ADDRESSES: Final = 16
SPEC: Final = specs.sign("Purchase", {"value": 999, "currency": "EUR"})
BASKET: Final = {"value": 999, "currency": "EUR"}
WARM: Final = 70  # posts before the first one that counts
TURNS: Final = 10  # of each ledger

Body = Callable[[Sequence[str]], bytes]


class Cost(NamedTuple):
    """Seconds of one request."""

    elapsed: float
    cpu: float


def posted(items: Sequence[object]) -> bytes:
    return json.dumps({"url": "https://shop.example.com/", "events": items}).encode()


def item(event_name: str, event_id: str, **changes: Any) -> dict[str, Any]:
    sound = {"event_name": event_name, "event_id": event_id, "pixels": PIXEL_IDS[:1], "state": "fired", "mirror": True}
    return {**sound, **changes}


def replayed(_: Sequence[str]) -> bytes:
    return posted([item("Purchase", secrets.token_hex(16), spec=SPEC) for _ in range(EACH)])


def made_up(_: Sequence[str]) -> bytes:
    return posted([item("Purchase", secrets.token_hex(16), custom_data=BASKET) for _ in range(EACH)])


def claimed(known: Sequence[str]) -> bytes:
    """Mirrored events with the names and ids of the server's own."""
    return posted([item("Lead", event_id) for event_id in known])


def flood(_: Sequence[str]) -> bytes:
    return posted([item("Lead", secrets.token_hex(16)) for _ in range(EACH)])


def guessed(_: Sequence[str]) -> bytes:
    return posted([item("Purchase", f"order-{secrets.randbelow(10**6)}", mirror=False) for _ in range(EACH)])


def junk(_: Sequence[str]) -> bytes:
    return posted([secrets.token_hex(8), None, [], {}, item("", "x"), item("Lead", "x" * 9000)])


def no_json(_: Sequence[str]) -> bytes:
    return b"[" * 60_000


ATTACKS: Final[Sequence[Body]] = (replayed, made_up, claimed, flood, guessed, junk, no_json)


class Attacker:
    """Posts through Django's handler, each time with another cookie and one of a few addresses."""

    def __init__(self, known: Sequence[str]) -> None:
        self.known = known
        with override_settings(MIDDLEWARE=[OURS]):
            self.handler = WSGIHandler()
        self.answers: Counter[int] = Counter()

    def post(self, body: Body, number: int) -> Cost:
        asked = environ("/capi/collect/", "POST", body(self.known))
        asked["REMOTE_ADDR"] = f"8.8.4.{number % ADDRESSES}"
        asked["HTTP_COOKIE"] = f"_fbp=fb.1.1596403881668.{number}"
        begin, begin_cpu = perf_counter(), thread_time()
        response = self.handler(asked, lambda *_: len)
        b"".join(response)
        response.close()
        taken = Cost(elapsed=perf_counter() - begin, cpu=thread_time() - begin_cpu)
        self.answers[response.status_code] += 1
        return taken

    def attack(self, posts: int, attacks: Sequence[Body] = ATTACKS) -> list[Cost]:
        return [self.post(body, number) for number, body in enumerate(islice(cycle(attacks), posts))]


def fill(rows: int) -> None:
    """Waiting events of the server's own: half of them Purchases, half of them of a name that a browser may report."""
    if not rows:
        return
    keep(1, PIXEL_IDS[:1])
    model = Event.objects.get()
    for first in range(1, rows, MADE):
        part = [copy(model, index, PIXEL_IDS[0]) for index in range(first, min(first + MADE, rows))]
        for row in part[::2]:
            row.event_name = "Lead"
        Event.objects.bulk_create(part, batch_size=2000)
    if is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM ANALYZE {TABLE}")


def leads() -> list[str]:
    """Ids of the server's own events that a browser can name."""
    return list(Event.objects.filter(event_name="Lead").values_list("event_id", flat=True)[:EACH])


def own_rows() -> str:
    """A digest of everything in the rows that no browser made."""
    rows = Event.objects.exclude(origin=Origin.BROWSER).order_by("pk").values_list()
    return sha256(repr(list(rows)).encode()).hexdigest()


def judged(costs: Sequence[Cost]) -> list[float]:
    """The times that the targets are for, as in `benchmarks.request`."""
    return [cost.cpu if connection.vendor == "sqlite" else cost.elapsed for cost in costs]


def cost_line(costs: Sequence[Cost], average: Callable[[Iterable[float]], float]) -> str:
    elapsed, cpu = (average(times) * 1e3 for times in zip(*costs, strict=True))
    return f"{elapsed:.2f} ms a post, {cpu:.2f} ms of them CPU time of this process"


def growth(times: Sequence[float], kinds: int) -> float:
    """What the posts of the last tenth cost, in what those of the first tenth did; the kinds of posts take turns."""
    tenth = len(times) // 10 // kinds * kinds
    first, last = ([median(part[kind::kinds]) for kind in range(kinds)] for part in (times[:tenth], times[-tenth:]))
    return sum(last) / sum(first)


def under_limits(rows: int, posts: int) -> Iterator[bool]:
    """The attack with the rates that a site has by default; whether each promise held."""
    limits = {"COLLECT_RATE": Conf.COLLECT_RATE, "COLLECT_ADDRESS_RATE": Conf.COLLECT_ADDRESS_RATE}
    with override_settings(CAPI={**configured(), **limits}):
        fill(rows)
        cache.clear()
        attacker, before, begin = Attacker(leads()), own_rows(), time()
        costs = attacker.attack(posts)
        minutes = int(time() // 60 - begin // 60) + 1
    answers = dict(sorted(attacker.answers.items()))
    print(f"\n{posts} posts by {ADDRESSES} addresses, {rows} rows before: answers {answers}")
    yield held("no row of the server's own is changed", is_so=own_rows() == before)
    mirrored = Event.objects.filter(origin=Origin.BROWSER)
    yield held("no Purchase is made", is_so=not mirrored.filter(event_name="Purchase").exists())
    most = int(Conf.COLLECT_ADDRESS_RATE.split("/")[0]) * ADDRESSES * minutes
    pending = mirrored.filter(status=Status.PENDING).count()
    yield held(f"{pending} pending rows, at most {most} by the rate of an address", is_so=pending <= most)
    print(f"{cost_line(costs, mean)}; last tenth / first tenth {growth(judged(costs), len(ATTACKS)):.2f}")


def without_limits(posts: int, sizes: Sequence[int]) -> Iterator[bool]:
    """Every post is checked and written: what one costs as the ledger grows. The ledgers take turns."""
    with database("_small") as small, database("_large") as large:
        ledgers = dict(zip(sizes, (small, large), strict=True))
        costs: dict[int, list[Cost]] = {rows: [] for rows in sizes}
        for rows, name in ledgers.items():
            join(name)
            fill(rows)
            Attacker(leads()).attack(WARM, [flood])
        for turn in range(TURNS):
            for rows, name in list(ledgers.items())[:: -1 if turn % 2 else 1]:
                join(name)
                connection.ensure_connection()
                costs[rows] += Attacker([]).attack(posts // TURNS, [flood])
    for rows, found in costs.items():
        print(f"\n{posts} posts of {EACH} events without limits, {rows} rows before: {cost_line(found, median)}")
        grown = growth(judged(found), 1)
        yield held(f"last tenth / first tenth {grown:.2f} (target {GROWTH})", is_so=grown <= GROWTH)
    first, last = (median(judged(costs[rows])) for rows in sizes)
    yield held(f"{sizes[1]} rows / {sizes[0]} rows {last / first:.2f} (target {GROWTH})", is_so=last / first <= GROWTH)


def configured() -> dict[str, Any]:
    return {name: getattr(conf, name) for name in ("PIXEL_ID", "ACCESS_TOKEN", "CONSENT")}


def held(promise: str, *, is_so: bool) -> bool:
    print(("held:   " if is_so else "BROKEN: ") + promise)
    return is_so


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="few posts and rows, no verdict on the times: does it run?"
    )
    options = parser.parse_args()
    posts, sizes = (700, (0, 2_000)) if options.quick else (10_000, (0, 100_000))
    logging.getLogger("django_capi").setLevel(logging.CRITICAL)
    logging.getLogger("django.request").setLevel(logging.CRITICAL)
    promises: list[bool] = []
    for rows in sizes:
        with database():
            print(connection.vendor) if not promises else None
            promises += under_limits(rows, posts)
    targets = list(without_limits(posts // 10, sizes))
    broken, missed = promises.count(False), targets.count(False)
    print(f"\n{broken} of {len(promises)} promises are broken, {missed} targets are missed")
    return int(not all(promises) or not (all(targets) or options.quick))


if __name__ == "__main__":
    sys.exit(main())
