"""Read Meta's figures of each pixel and store them, or why they could not be read."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from django_capi.conf import Pixel, conf
from django_capi.database.alias import using
from django_capi.database.retry import retried
from django_capi.models import DatasetQuality, QualityProblem, QualityPull
from django_capi.quality.answers import EventQuality
from django_capi.quality.client import QualityRefusal, QualityReport, ask

logger = logging.getLogger("django_capi")


def pull_all() -> list[QualityPull]:
    """Read the figures of every pixel. With a sender that sends nothing, nothing is asked either."""
    if conf.sender() != "graph":
        return []
    return [pull(pixel) for pixel in conf.pixels().values()]


def pull(pixel: Pixel) -> QualityPull:
    """Read and store the figures of one pixel. No transaction is open while Meta is asked."""
    found = asked(pixel)
    now = timezone.now()
    if isinstance(found, QualityRefusal):
        logger.warning("Pixel %s: Meta's figures could not be read: %s.", pixel.pixel_id, found.problem.value)
        return record_refusal(pixel, found, now)
    store(pixel, found.events, now)
    return record_report(pixel, found, now)


def asked(pixel: Pixel) -> QualityReport | QualityRefusal:
    if unsafe := conf.unsafe():
        return QualityRefusal(
            problem=QualityProblem.SETTINGS, reason=f"{', '.join(unsafe)} is malformed. Run manage.py check."
        )
    if not pixel.access_token:
        return QualityRefusal(problem=QualityProblem.NO_TOKEN)
    return ask(pixel)


@retried
def store(pixel: Pixel, events: Iterable[EventQuality], now: datetime) -> None:
    """A second answer of the same day replaces the first."""
    rows = DatasetQuality.objects.using(using())
    for event in events:
        figures = asdict(event)
        name = figures.pop("event_name")
        rows.update_or_create(
            {**figures, "retrieved_at": now},
            pixel_id=pixel.pixel_id,
            day=now.astimezone(UTC).date(),
            event_name=name,
        )


def record_refusal(pixel: Pixel, refusal: QualityRefusal, now: datetime) -> QualityPull:
    """The time of the last success, and what was read then, are kept."""
    return record(
        pixel,
        attempted_at=now,
        problem=refusal.problem,
        reason=refusal.reason[:250],
        error_code=refusal.code,
        error_subcode=refusal.subcode,
        fbtrace_id=refusal.fbtrace_id,
    )


def record_report(pixel: Pixel, report: QualityReport, now: datetime) -> QualityPull:
    return record(
        pixel,
        attempted_at=now,
        succeeded_at=now,
        events=len(report.events),
        unknown_fields=" ".join(report.unknown_fields)[:250],
        problem="",
        reason="",
        error_code=None,
        error_subcode=None,
        fbtrace_id="",
    )


@retried
def record(pixel: Pixel, **columns: Any) -> QualityPull:
    row, _is_new = QualityPull.objects.using(using()).update_or_create(columns, pixel_id=pixel.pixel_id)
    return row
