"""How long one withdrawal of consent takes with one row in the ledger, and with a million.

Run `DATABASE_URL=postgres://user@host/postgres python -m benchmarks.withdraw`, or without DATABASE_URL for SQLite;
`--quick` for the short form. The rows are waiting events; besides them there is a kept visitor for every ten, and an
earlier withdrawal. Each ledger is in a database of its own, and they take turns. It also prints how long a pass of
delivery takes to find one visitor's event among them.
"""

from __future__ import annotations

import argparse
import sys
from statistics import median
from time import perf_counter
from typing import Final

from django.db import connection
from django.utils import timezone

from benchmarks.backlog import PIXEL_IDS, TABLE, copy, keep
from benchmarks.ready import database, is_postgresql, join
from benchmarks.rounds import ratio_line, ratios, table
from django_capi.ledger import erasure, withdrawal
from django_capi.ledger.store import digest
from django_capi.models import Event, Snapshot, Withdrawal, WithdrawalKind

GROWTH: Final = 1.2
MADE: Final = 20_000  # rows that are made; the others are copies of them
EACH: Final = 50  # withdrawals in a turn

visitors = iter(range(10**9))


def fill(rows: int) -> None:
    """So many waiting events of other visitors, with kept visitors and withdrawals in proportion."""
    keep(1, PIXEL_IDS[:1])
    model = Event.objects.get()
    model.server_fbp = model.server_external_id = "0123456789abcdef"
    Event.objects.bulk_create(
        [copy(model, index, PIXEL_IDS[0]) for index in range(1, min(rows, MADE))], batch_size=2000
    )
    names = [str(field.column) for field in Event._meta.concrete_fields if not field.primary_key]
    for turn in range(1, rows // MADE):
        changed = ", ".join(f"'{turn}' || event_id" if name == "event_id" else name for name in names)
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION sql_mode = 'PIPES_AS_CONCAT'") if connection.vendor == "mysql" else None
            cursor.execute(
                f"INSERT INTO {TABLE} ({', '.join(names)}) SELECT {changed} FROM {TABLE} ORDER BY id LIMIT {MADE}"
            )
    others = [digest(f"other {number}") for number in range(rows // 10)]
    now = timezone.now()
    Snapshot.objects.bulk_create(
        [Snapshot(object_ref=f"shop.order:{one}", visitor={"consent": 3}, fbp=one, consented_at=now) for one in others],
        batch_size=2000,
    )
    Withdrawal.objects.bulk_create(
        [Withdrawal(kind=WithdrawalKind.FBP, digest=one[::-1], withdrawn_at=now, is_swept=True) for one in others],
        batch_size=2000,
    )
    if is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def turn() -> float:
    """Seconds of one withdrawal, each of another visitor."""
    connection.ensure_connection()
    begin = perf_counter()
    for _ in range(EACH):
        withdrawal.withdraw(fbps=[f"fb.1.1596403881668.{next(visitors)}"], external_ids=[f"person {next(visitors)}"])
    return (perf_counter() - begin) / EACH


def pass_of_delivery() -> float:
    """Seconds, with one event to find."""
    fbp = f"fb.1.1596403881668.{next(visitors)}"
    Event.objects.filter(pk=Event.objects.order_by("pk").values("pk")[:1].get()["pk"]).update(server_fbp=digest(fbp))
    Withdrawal.objects.update(is_swept=True)
    withdrawal.withdraw(fbps=[fbp])
    begin = perf_counter()
    if erasure.sweep() != 1:
        raise SystemExit("the sweep did not find the event")
    return perf_counter() - begin


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="a multiple of 20,000")
    parser.add_argument("--quick", action="store_true", help="few rows and rounds, no verdict: does it run?")
    options = parser.parse_args()
    rows, rounds = (40_000, 5) if options.quick else (options.rows, 31)
    with database("_one") as one, database("_many") as many:
        ledgers = {"one row": (one, 1), f"{rows} rows": (many, rows)}
        times: dict[str, list[float]] = {name: [] for name in ledgers}
        for name, count in ledgers.values():
            join(name)
            fill(count)
            turn()
        for number in range(rounds):
            for label, (name, _) in list(ledgers.items())[:: -1 if number % 2 else 1]:
                join(name)
                times[label].append(turn())
        print(f"{connection.vendor}, one withdrawal\n{table(times)}")
        print(ratio_line(times, f"{rows} rows", "one row"), f"(target {GROWTH})")
        join(many)
        print(f"a pass that finds one event among {rows}: {pass_of_delivery() * 1e3:.0f} ms")
    return int(median(ratios(times, f"{rows} rows", "one row")) > GROWTH and not options.quick)


if __name__ == "__main__":
    sys.exit(main())
