"""Fill the ledger with the same due events before each round.

The event is the full Purchase of `benchmarks.sample`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from django.db import connection
from django.test import override_settings
from django.utils import timezone

from benchmarks import sample
from benchmarks.ready import is_postgresql
from django_capi.conf import Pixel, Secret
from django_capi.consent import Consent
from django_capi.delivery import lanes, shards
from django_capi.ledger import store
from django_capi.meta import wire
from django_capi.meta.events import CustomData, Event, UserData
from django_capi.models import Batch, Count, KeyTally, Origin, Tally
from django_capi.models import Event as Row

TABLE: Final = Row._meta.db_table
FILLED: Final = tuple(model._meta.db_table for model in (Row, Batch, Tally, KeyTally, Count))
COUNTED_BEFORE: Final = timedelta(seconds=30)
KEPT: Final = "capi_benchmark_kept"
PIXEL_IDS: Final = ("1234567890123456", "2234567890123456", "3234567890123456", "4234567890123456")


def settings(url: str, pixel_ids: Sequence[str], shards: int = 1) -> dict[str, Any]:
    """`CAPI` for these pixels, sending to a sink."""
    keys = {"ACCESS_TOKEN": "test-token-0123456789"}
    pixels = {f"lane{number}": {**keys, "PIXEL_ID": pixel_id} for number, pixel_id in enumerate(pixel_ids)}
    return {
        "PIXELS": pixels,
        "SHARDS": shards,
        "GRAPH_URL": url,
        "CONSENT": "django_capi.consent.always",
        "SENDER": "graph",
    }


def purchase() -> Event:
    return Event(
        event_name="Purchase",
        event_time=int(time.time()),
        event_id=f"{0:016d}",
        event_source_url=sample.URL,
        user_data=UserData.from_raw({**sample.PERSON, **sample.VISIT}),
        custom_data=CustomData.from_raw(sample.CUSTOM_DATA),
    )


def body(number: int) -> bytes:
    """A request with as many events, as delivery would join them."""
    made = purchase()
    texts = [wire.dumps(replace(made, event_id=f"{index:016d}").payload()) for index in range(number)]
    return wire.body(texts).encode()


def keep(number: int, pixel_ids: Sequence[str]) -> None:
    """Make the rows, shared out evenly among the pixels, and lay a copy of them aside for `fill`."""
    targets = [Pixel(pixel_id=pixel_id, access_token=Secret("")) for pixel_id in pixel_ids]
    entry = store.EventEntry(
        event=purchase(), consent=Consent.GRANTED, origin=Origin.CONVERSION, object_ref="shop.order:1"
    )
    model, *_ = store.rows_of(entry, targets, timezone.now())
    empty()
    for first in range(0, number, 5000):
        part = range(first, min(first + 5000, number))
        Row.objects.bulk_create([copy(model, index, pixel_ids[index % len(pixel_ids)]) for index in part])
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {KEPT}")
        cursor.execute(f"CREATE TABLE {KEPT} AS SELECT * FROM {TABLE}")


def copy(model: Row, index: int, pixel_id: str) -> Row:
    fields = {field.attname: getattr(model, field.attname) for field in Row._meta.concrete_fields}
    event_id = f"{index:016d}"
    text = model.payload.replace(f'"event_id":"{model.event_id}"', f'"event_id":"{event_id}"')
    return Row(**{**fields, "id": None, "event_id": event_id, "pixel_id": pixel_id, "payload": text})


def fill() -> None:
    """Put the rows that were kept back, due and never sent, without a trace of the last round."""
    empty()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {TABLE} SELECT * FROM {KEPT}")
        if is_postgresql():
            # Else a round would pay for the statistics and hint bits of the rows that another one wrote.
            cursor.execute(f"VACUUM ANALYZE {TABLE}")
    # As on a site whose worker has counted before, and not so lately that this pass need not.
    Count.objects.create(pk=1, counted_at=timezone.now() - COUNTED_BEFORE)


def divide(pixel_ids: Sequence[str], number: int) -> None:
    """Divide the pixels before the round: the workers that come first and find it undone would leave at once."""
    with override_settings(CAPI=settings("", pixel_ids, number)):
        for pixel_id in pixel_ids:
            shards.divide(lanes.of_pixel(pixel_id))


def empty() -> None:
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute(f"TRUNCATE {', '.join(FILLED)}")
        else:
            for name in FILLED:
                cursor.execute(f"DELETE FROM {name}")
