"""What conversions cost: each save of a registered model, the worker's sweep, and a backfill.

Run `DATABASE_URL=postgres://user@host/postgres python -m benchmarks.conversions`, or without DATABASE_URL for a SQLite
file; `--quick` for the short form.
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from statistics import median
from time import perf_counter
from typing import Any, Final

from benchmarks.ready import database  # isort: skip  # sets Django up
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from benchmarks.orders.models import BaseOrder, Order, PlainOrder
from benchmarks.rounds import interleave, ratio_line, ratios, table
from django_capi.conversions import Conversion, register, sources, sweep
from django_capi.conversions.backfill import Backfill, mark_existing
from django_capi.conversions.base import registry
from django_capi.models import ConversionMark, ConversionSource, Event

MOST: Final = 1.3  # times a save without the app
CHUNK: Final = 10_000


@register(Order)
class OrderPurchase(Conversion[Order]):
    def happened(self, order: Order, /) -> bool:
        return order.status == "paid"

    def consent(self, order: Order, /) -> bool:
        return True

    def custom_data(self, order: Order, /) -> dict[str, object]:
        return {"value": order.total, "currency": "EUR"}

    def user_data(self, order: Order, /) -> dict[str, object]:
        return {"em": "jane@example.com"}


def saving(order: BaseOrder, *, in_transaction: bool) -> Callable[[], object]:
    """Change a field and save."""
    numbers = count()

    def save() -> None:
        order.note = str(next(numbers))
        order.save()

    return transaction.atomic(save) if in_transaction else save


def fill(model: Any, rows: int, status: str) -> None:
    for start in range(0, rows, CHUNK):
        model.objects.bulk_create([model(status=status) for _ in range(min(CHUNK, rows - start))])


def saves() -> float:
    """The ratio of a save that converts nothing, inside and outside a transaction; the larger one."""
    found = []
    for in_transaction in (False, True):
        ours = saving(Order.objects.create(), in_transaction=in_transaction)
        plain = saving(PlainOrder.objects.create(), in_transaction=in_transaction)
        times = interleave({"registered": ours, "plain": plain})
        print(f"\na save that converts nothing, {'in a transaction' if in_transaction else 'autocommit'}")
        print(table(times))
        print(ratio_line(times, "registered", "plain"), f"(target {MOST})")
        found.append(median(ratios(times, "registered", "plain")))
    return max(found)


def old_orders(rows: int) -> None:
    """A shop with this many paid orders installs the app and edits some of them."""
    fill(Order, rows, "paid")
    install()
    old = list(Order.objects.filter(status="paid")[:300])
    first, again = [edit(order) for order in old], [edit(order) for order in old]
    plain = [edit(order) for order in list_of_plain()]
    print(f"\nedits of {rows} orders that were paid before: {Event.objects.count()} events")
    for name, taken in (("first edit", first), ("second edit", again), ("plain model", plain)):
        print(f"{name:14}{median(taken) * 1e6:9.0f} µs")


def install() -> None:
    """From now on, as if the app had just come."""
    ConversionSource.objects.all().delete()
    sources.starts.clear()


def list_of_plain() -> list[PlainOrder]:
    fill(PlainOrder, 300, "paid")
    return list(PlainOrder.objects.all()[:300])


def edit(order: BaseOrder) -> float:
    order.note = "packed"
    begin = perf_counter()
    order.save()
    return perf_counter() - begin


def swept() -> float:
    """Seconds of one run of the sweep."""
    ConversionSource.objects.update(swept_at=None, lap_at=F("lap_at") - timedelta(hours=1))
    ConversionMark.objects.filter(check_at__gt=timezone.now()).update(check_at=timezone.now())
    begin = perf_counter()
    sweep.sweep()
    return perf_counter() - begin


def sweeps(rows: int) -> None:
    """The cost of a run with few settled objects, and with many."""
    conversion = registry[Order][0]
    for _ in range(3):
        swept()
    few = median(swept() for _ in range(9))
    fill(Order, rows, "paid")
    install()
    mark_existing(conversion, "default")
    for _ in range(3):
        swept()
    many = median(swept() for _ in range(9))
    settled = ConversionMark.objects.count()
    print(f"\na sweep: {few * 1e3:.1f} ms before, {many * 1e3:.1f} ms with {settled} settled objects")


def backfills(rows: int) -> None:
    """One in a hundred orders is paid without a signal."""
    conversion = registry[Order][0]
    install()
    newest = Order.objects.latest("pk").pk
    Backfill(conversion=conversion, database="default", since=timezone.now()).run(is_dry=True)
    fill(Order, rows, "open")
    paid = Order.objects.filter(pk__gt=newest).annotate(rest=F("pk") % 100).filter(rest=0)
    expected = Order.objects.filter(pk__in=list(paid.values_list("pk", flat=True))).update(status="paid")
    before = Event.objects.count()
    for name in ("first run", "second run"):
        begin = perf_counter()
        report = Backfill(conversion=conversion, database="default", since=timezone.now() - timedelta(days=6)).run(
            is_dry=False
        )
        taken, found = perf_counter() - begin, Event.objects.count() - before
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        before += found
        print(f"backfill, {name}: {report.read} read, {found} found in {taken:.1f} s, peak memory {peak:.0f} MB")
        if found != (expected if name == "first run" else 0):
            raise SystemExit(f"{found} found, {expected} expected")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="settled objects")
    parser.add_argument("--orders", type=int, default=100_000, help="orders of the backfill")
    parser.add_argument("--quick", action="store_true", help="few rows, no verdict: does it run?")
    options = parser.parse_args()
    rows, orders = (5_000, 2_000) if options.quick else (options.rows, options.orders)
    with database():
        print(f"{connection.vendor}")
        ratio = saves()
        old_orders(rows // 10)
        sweeps(rows)
        backfills(orders)
    return int(ratio > MOST and not options.quick)


if __name__ == "__main__":
    sys.exit(main())
