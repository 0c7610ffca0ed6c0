"""What the overview and the Deduplication page ask of the database, with some rows and with ten times as many.

Run `DATABASE_URL=postgres://user@host/postgres python -m benchmarks.overlap`, or without DATABASE_URL for SQLite;
`--quick` for the short form. Both pixels are in one ledger, and their pages take turns. The rows are spread evenly over
thirty days. Besides it prints how long the hour of now takes to be counted anew, and all hours from nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median
from time import perf_counter
from typing import Final

from django.db import connection
from django.utils import timezone

from benchmarks.backlog import PIXEL_IDS, TABLE, copy, empty, keep
from benchmarks.ready import database, is_postgresql
from benchmarks.rounds import interleave, ratio_line, table
from django_capi.ledger import tallies
from django_capi.models import BrowserState, ConversionMark, ConversionState, Event, NotSent, Status
from django_capi.reports import evidence, health
from django_capi.reports.freshness import backlog
from django_capi.reports.information import gaps, information
from django_capi.reports.overlap import measured
from django_capi.reports.pair_gaps import pair_gaps
from django_capi.reports.places import places
from django_capi.reports.sums import Scope, days_by_name, last_hours, moments
from django_capi.reports.windows import last_days

LONGEST: Final = 10.0  # milliseconds of queries
GROWTH: Final = 1.2
DAYS: Final = 30
NAMES: Final = ("PageView", "ViewContent", "Search", "AddToCart", "InitiateCheckout", "Purchase", "Lead", "Contact")
STATES: Final = (
    (Status.ACCEPTED, BrowserState.FIRED),
    (Status.ACCEPTED, BrowserState.NONE),
    (Status.ACCEPTED, BrowserState.BLOCKED),
)
VALUES: Final = ((None, None), (Decimal("19.90"), "EUR"), (Decimal(25), "USD"))
VISIT: Final = 1 << 11 | 1 << 12  # address and user agent
MASKS: Final = tuple(VISIT | keys for keys in (0, 0b11, 0b1111, 1 << 10, 1 << 14, 1 << 13 | 1 << 14))
SMALL, LARGE = PIXEL_IDS[:2]


def fill(rows: int, pixel_id: str) -> None:
    """So many rows of one pixel: some thousand are made, and copied again and again."""
    first = min(rows, 20_000)
    model = Event.objects.get(pixel_id=PIXEL_IDS[2])
    now = int(timezone.now().timestamp())
    made = []
    for index in range(first):
        row = copy(model, index, pixel_id)
        row.event_name = NAMES[index % len(NAMES)]
        row.status, row.browser_state = STATES[index // len(NAMES) % len(STATES)]
        row.event_time = now - index * DAYS * tallies.DAY // first
        row.browser_fbp = row.server_fbp = row.browser_external_id = row.server_external_id = "0123456789abcdef"
        row.payload = ""
        row.finished_at = datetime.fromtimestamp(row.event_time + 2, UTC)
        row.value, row.currency = VALUES[index % len(VALUES)]
        row.match_keys, row.page, row.browser_family = MASKS[index % len(MASKS)], f"/page-{index % 20}/", index % 9
        made.append(row)
    Event.objects.bulk_create(made, batch_size=2000)
    while first < rows:
        first += again(pixel_id, begin=first, at_most=rows - first)


def again(pixel_id: str, *, begin: int, at_most: int) -> int:
    """Copy the pixel's rows under other ids; how many."""
    names = [str(field.column) for field in Event._meta.concrete_fields if not field.primary_key]
    columns = {name: connection.ops.quote_name(name) for name in names}
    new_id = f"CONCAT('{begin}-', id)" if connection.vendor == "mysql" else f"'{begin}-' || id"
    taken = {**columns, "event_id": new_id}
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TABLE} ({', '.join(columns.values())}) SELECT {', '.join(taken.values())} FROM {TABLE} "
            "WHERE pixel_id = %s ORDER BY id LIMIT %s",
            [pixel_id, at_most],
        )
        return int(cursor.rowcount)


def fill_conversions(number: int) -> None:
    """Conversions over the same days, half of them without an event."""
    ids = list(Event.objects.filter(pixel_id=LARGE).order_by("pk").values_list("event_id", flat=True)[:number])
    now = timezone.now()
    states = (ConversionState.STORED, ConversionState.NOT_SENT)
    ConversionMark.objects.bulk_create(
        ConversionMark(
            object_ref=f"benchmark.order:{index}",
            event_name=NAMES[index % len(NAMES)],
            event_id=event_id,
            state=states[index % 2],
            reason=NotSent.DENIED if index % 2 else "",
            happened_at=now - timedelta(days=DAYS) * index / number,
        )
        for index, event_id in enumerate(ids)
    )


def count_all() -> float:
    """Seconds of counting every hour from nothing."""
    begin = perf_counter()
    while tallies.refresh() is None:
        pass
    return perf_counter() - begin


def count_now() -> float:
    """Seconds of counting the hour of now, as a worker does every few seconds."""
    now = int(timezone.now().timestamp())
    count, _ = tallies.latest()
    begin = perf_counter()
    tallies.recount([tallies.Hour(LARGE, now - now % tallies.HOUR)], count)
    return perf_counter() - begin


def deduplication(pixel_id: str, days: int) -> None:
    """The queries of the page. Once in a few seconds it counts the current hour itself, as where no worker runs."""
    now = timezone.now()
    tallies.refresh()
    scope = Scope(window=last_days(days, now), pixel_id=pixel_id)
    measured(scope, lost_conversions=evidence.not_sent(scope).lost_by_name)
    moments(scope, scope.window.step(now))
    evidence.unreported(scope)
    pair_gaps(scope)
    places(scope)
    backlog(now=now)


def customer_information(pixel_id: str, days: int) -> None:
    """The queries of the page of customer information."""
    now = timezone.now()
    tallies.refresh()
    scope = Scope(window=last_days(days, now), pixel_id=pixel_id)
    information(scope, scope.window.before(now), scope.window.step(now))
    gaps(scope)
    backlog(now=now)


def overview(pixel_id: str, days: int) -> None:
    """The queries of the overview, which shows all pixels, for one of them."""
    now = timezone.now()
    tallies.refresh()
    scope = Scope(window=last_days(days, now), pixel_id=pixel_id)
    measured(scope, lost_conversions=evidence.not_sent(scope).lost_by_name)
    days_by_name(scope)
    last_hours(Scope(window=last_days(1, now), pixel_id=pixel_id))
    health.lanes()
    health.outcomes_of_requests()
    backlog(now=now)


def judge(page: Callable[[str, int], None], days: int, rounds: int) -> bool:
    contenders = {
        f"{page.__name__}, {days} days, {name}": lambda pixel_id=pixel_id: page(pixel_id, days)
        for name, pixel_id in (("few rows", SMALL), ("ten times as many", LARGE))
    }
    times = interleave(contenders, rounds=rounds)
    few, many = contenders
    print(table(times))
    print(ratio_line(times, many, few) + f" (target {GROWTH})")
    return median(times[many]) * 1e3 <= LONGEST and median(times[many]) / median(times[few]) <= GROWTH


PAGES: Final = (
    (deduplication, 7),
    (deduplication, DAYS),
    (customer_information, 7),
    (customer_information, DAYS),
    (overview, 7),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--quick", action="store_true", help="few rows, no verdict: does it run?")
    options = parser.parse_args()
    rows, rounds = (5_000, 3) if options.quick else (options.rows, options.rounds)
    with database():
        keep(1, PIXEL_IDS[2:3])
        fill(rows, SMALL)
        fill(10 * rows, LARGE)
        fill_conversions(min(rows, 50_000))
        if is_postgresql():
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
        print(f"{connection.vendor}, {rows} and {10 * rows} rows of {DAYS} days")
        print(f"all hours counted in {count_all():.1f} s; the hour of now in {count_now() * 1e3:.0f} ms")
        held = [judge(page, days, rounds) for page, days in PAGES]
        empty()
        ConversionMark.objects.filter(object_ref__startswith="benchmark.").delete()
    return int(not all(held) and not options.quick)


if __name__ == "__main__":
    sys.exit(main())
