"""Fill a ledger of any size for `benchmarks.dashboard`: events of thirty days, their conversions and requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Final

from django.db import connection
from django.utils import timezone

from benchmarks.backlog import PIXEL_IDS, TABLE, copy, purchase
from benchmarks.ready import is_postgresql
from django_capi.conf import Pixel, Secret
from django_capi.consent import Consent
from django_capi.ledger import store, tallies
from django_capi.models import (
    Batch,
    BrowserState,
    ConversionMark,
    Event,
    ForeignPixel,
    Lane,
    NotSent,
    Origin,
    Span,
    Status,
    UntrackedTally,
)

PIXELS: Final = PIXEL_IDS[:2]
DAYS: Final = 30
MADE: Final = 10_000  # rows that are made one by one; the others are copies of them
SLICE: Final = 1_000  # of them are copied at once
PATTERN: Final = "capi_benchmark_pattern"
QUIET: Final = timedelta(minutes=10)  # since the last change of a row, so that nothing is counted anew
NAMES: Final = ("PageView", "ViewContent", "Purchase", "PageView", "AddToCart", "PageView", "Lead", "ViewContent")
COPIES: Final = (
    (Status.ACCEPTED, BrowserState.FIRED),
    (Status.ACCEPTED, BrowserState.NONE),
    (Status.ACCEPTED, BrowserState.BLOCKED),
)
# Every 61st event is rejected, every 127th expired, and so on: of a million rows each page reads as many as it may.
REJECTED, EXPIRED, LIMITED, TEST = 61, 127, 499, 2503
EVENTS_OF_REQUEST: Final = 100


def fill(rows: int) -> None:
    made = min(rows, MADE)
    indexes = Event._meta.indexes
    with connection.schema_editor() as editor:
        for index in indexes:
            editor.remove_index(Event, index)
    make(made)
    copy_all(made, copies=rows // made)
    with connection.schema_editor() as editor:
        for index in indexes:
            editor.add_index(Event, index)
    fill_conversions()
    fill_requests(max(rows // EVENTS_OF_REQUEST, 4))
    fill_untracked()


def make(number: int) -> None:
    """The rows that the others are copied from, the oldest first, in a table of their own."""
    targets = [Pixel(pixel_id=PIXELS[0], access_token=Secret(""))]
    entry = store.EventEntry(event=purchase(), consent=Consent.GRANTED, origin=Origin.TRACK)
    model, *_ = store.rows_of(entry, targets, timezone.now())
    start = timezone.now() - QUIET - timedelta(days=DAYS)
    step = timedelta(days=DAYS) / number
    Event.objects.bulk_create([row(model, index, start + index * step) for index in range(number)], batch_size=2_000)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {PATTERN} AS SELECT * FROM {TABLE}")
        cursor.execute(f"DELETE FROM {TABLE}")


def row(model: Event, index: int, happened: datetime) -> Event:
    made = copy(model, index, PIXELS[index % 3 % 2])
    made.event_name = NAMES[index % len(NAMES)]
    made.event_time = int(happened.timestamp())
    made.created_at = made.browser_at = happened
    made.finished_at = made.changed_at = happened + timedelta(seconds=2)
    made.status, made.browser_state = COPIES[index % len(COPIES)]
    made.payload = ""
    made.value, made.currency = (Decimal("19.90"), "EUR") if made.event_name == "Purchase" else (None, None)
    made.object_ref = f"benchmark.order:{index}" if made.event_name == "Purchase" else ""
    made.origin = Origin.CONVERSION if made.object_ref else (Origin.PAGE, Origin.BROWSER)[index % 2]
    made.server_fbp = made.browser_fbp = f"{index:016x}"
    if index % REJECTED == 0:
        made.status, made.error_reason = Status.REJECTED, "Invalid parameter"
    if index % EXPIRED == 1:
        made.status, made.error_reason = Status.EXPIRED, "deadline"
    if index % LIMITED == 0:
        made.consent = Consent.LIMITED
    if index % TEST == 0:
        made.test_event_code = "TEST1"
    return made


def copy_all(made: int, *, copies: int) -> None:
    """Fill the table with copies that are spread over the time until the next row, in the order of their times."""
    names = [str(field.column) for field in Event._meta.concrete_fields if not field.primary_key]
    columns = {name: f"p.{connection.ops.quote_name(name)}" for name in names}
    joined = "CONCAT(p.{0}, '-', n.number)" if connection.vendor == "mysql" else "p.{0} || '-' || n.number"
    spread = DAYS * tallies.DAY // made
    floor = "DIV" if connection.vendor == "mysql" else "/"
    columns |= {
        "event_id": joined.format("event_id"),
        "object_ref": f"CASE WHEN p.object_ref = '' THEN '' ELSE {joined.format('object_ref')} END",
        "batch_id": f"(SELECT COALESCE(MAX(id), 0) + 1 FROM {Batch._meta.db_table})",
        "event_time": f"p.event_time + n.number * {spread} {floor} {copies}",
    }
    quoted = ", ".join(connection.ops.quote_name(name) for name in names)
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute(f"ALTER TABLE {TABLE} SET UNLOGGED")
        if connection.vendor == "mysql":
            cursor.execute(f"SET max_recursive_iterations = {copies + 1}")
        cursor.execute(f"SELECT MIN(id) FROM {PATTERN}")
        first = cursor.fetchone()[0]
        for begin in range(first, first + made, SLICE):
            cursor.execute(
                f"INSERT INTO {TABLE} ({quoted}) WITH RECURSIVE numbers(number) AS "
                f"(SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number < {copies - 1}) "
                f"SELECT {', '.join(columns.values())} FROM {PATTERN} p CROSS JOIN numbers n "
                f"WHERE p.id >= {begin} AND p.id < {begin + SLICE} ORDER BY {columns['event_time']}"
            )
        cursor.execute(f"DROP TABLE {PATTERN}")


def fill_conversions() -> None:
    """One for each purchase. Those that Meta has not accepted count as not sent here."""
    values = {
        "object_ref": "object_ref",
        "reference": "event_id",
        "event_name": "event_name",
        "state": "CASE WHEN status = 1 THEN 2 ELSE 3 END",
        "reason": "CASE WHEN status = 1 THEN '' ELSE 'denied' END",
        "excluded_as": "''",
        "event_id": "event_id",
        "pixel_ids": "pixel_id",
        "created_at": "created_at",
        "happened_at": "finished_at",
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {ConversionMark._meta.db_table} ({', '.join(values)}) "
            f"SELECT {', '.join(values.values())} FROM {TABLE} WHERE object_ref <> '' ORDER BY id"
        )


def fill_requests(number: int) -> None:
    now = timezone.now()
    lanes = [Lane.objects.get_or_create(pixel_id=pixel_id)[0] for pixel_id in PIXELS]
    Batch.objects.bulk_create(
        (
            Batch(
                lane=lanes[index % 2], fence=1, events=EVENTS_OF_REQUEST, size=500_000, outcome="accepted",
                event_pks=list(range(index * EVENTS_OF_REQUEST, (index + 1) * EVENTS_OF_REQUEST)),
                started_at=now, finished_at=now, http_status=200, fbtrace_id=f"trace{index}",
            )
            for index in range(number)
        ),
        batch_size=2_000,
    )  # fmt: skip
    ForeignPixel.objects.bulk_create(
        ForeignPixel(
            pixel_id=PIXELS[0], other_id="1", path=f"/page/{index}/", first_seen_at=now,
            last_seen_at=datetime.fromtimestamp(now.timestamp() - index, UTC),
        )
        for index in range(min(number, 1_000))
    )  # fmt: skip


def fill_untracked() -> None:
    """What was not tracked, for each hour and day, pixel, name and reason."""
    now = int(timezone.now().timestamp())
    kinds = list(product(PIXELS, dict.fromkeys(NAMES), (NotSent.DENIED, NotSent.UNKNOWN, NotSent.EXCLUDED)))
    UntrackedTally.objects.bulk_create(
        UntrackedTally(
            span=span, start=start, pixel_id=pixel_id, event_name=name, reason=reason, events=length // tallies.HOUR
        )
        for span, length in ((Span.HOUR, tallies.HOUR), (Span.DAY, tallies.DAY))
        for start in range(now - now % length - DAYS * tallies.DAY, now, length)
        for pixel_id, name, reason in kinds
    )


def settle() -> None:
    """Let the database take its statistics, as it does by and by on a site."""
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute("VACUUM ANALYZE")
        elif connection.vendor == "sqlite":
            cursor.execute("ANALYZE")
        else:
            cursor.execute(f"ANALYZE TABLE {TABLE}, {ConversionMark._meta.db_table}")
            cursor.fetchall()
