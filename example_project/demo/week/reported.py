"""What Meta would have reported of the week, counted by the stand-in's own rules and read as an answer of Meta's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django_capi.conf import Pixel, conf
from django_capi.models import BrowserState, Event, Status
from django_capi.quality import pull
from django_capi.quality.answers import EventQuality, quality_of
from django_capi.quality.client import QualityReport
from example_project.standin.measures import Copy, Sent, said_of

AGO: Final = timedelta(hours=3)  # since the daily reading


def report(rows: Sequence[Event], now: datetime) -> None:
    """Store the figures of each pixel, as the task `django_capi.pull_quality` does."""
    for pixel in conf.pixels().values():
        own = [row for row in rows if row.pixel_id == pixel.pixel_id and not row.test_event_code]
        store(pixel, tuple(quality(name, own) for name in sorted({row.event_name for row in own})), now - AGO)


def store(pixel: Pixel, events: tuple[EventQuality, ...], retrieved_at: datetime) -> None:
    pull.store(pixel, events, retrieved_at)
    pull.record_report(pixel, QualityReport(events=events), retrieved_at)


def quality(name: str, rows: Sequence[Event]) -> EventQuality:
    named = [row for row in rows if row.event_name == name]
    accepted = [row for row in named if row.status == Status.ACCEPTED]
    fired = [row for row in named if row.browser_state == BrowserState.FIRED]
    return quality_of(
        name, said_of(name, sent(accepted), [copy_of(row, row.browser_external_id, row.browser_fbp) for row in fired])
    )


def sent(rows: Sequence[Event]) -> Sent:
    return Sent(
        copies=[copy_of(row, row.server_external_id, row.server_fbp) for row in rows],
        users=[json.loads(row.payload).get("user_data") or {} for row in rows],
        delays=[row.finished_at.timestamp() - row.event_time for row in rows if row.finished_at],
    )


def copy_of(row: Event, external_id: str, fbp: str) -> Copy:
    """One of the two copies, with its keys as the ledger has them: digests that can be compared."""
    return Copy(event_id=row.event_id, external_id=external_id or None, fbp=fbp or None)
