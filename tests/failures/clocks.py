"""Roles whose clock is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine
from django.core.management import call_command

from django_capi.clock import Now
from django_capi.conf import conf
from django_capi.delivery import lanes
from django_capi.delivery.drain import deliver
from django_capi.models import Batch, Lane
from tests.failures.orders import commit


@contextmanager
def off(seconds: float) -> Iterator[None]:
    """A clock that runs as it should and shows another time."""
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True):
        yield


def watch_off(*, ahead: float, told: str, **_: object) -> None:
    """`manage.py capi_deliver --watch`; each of its passes that did something is a line of the file."""
    with off(ahead), Path(told).open("w", buffering=1) as out:
        call_command("capi_deliver", watch=True, interval=0.02, stdout=out)


def once_off(*, ahead: float, **_: object) -> dict[str, Any]:
    """One pass."""
    with off(ahead):
        return asdict(deliver())


def claim_off(*, ahead: float, **_: object) -> int | None:
    """Take the lane and keep it: the fence, or None when it is another's."""
    with off(ahead):
        held = lanes.claim(conf.PIXEL_ID)
    return held.fence if held else None


def commit_off(*, ahead: float, event_id: str, **_: object) -> bool:
    with off(ahead):
        return commit(event_id)


def end_lease(**_: object) -> int:
    """The lane as it will be when its holder has been silent for long enough."""
    return Lane.objects.update(lease_until=Now() - timedelta(seconds=1))


def requests(**_: object) -> list[dict[str, Any]]:
    """Every request as the ledger saw it, in its own order and by the database's clock."""
    names = ("outcome", "http_status", "fence", "started_at", "finished_at")
    rows = Batch.objects.exclude(finished_at=None).order_by("pk").values(*names)
    return [{key: in_seconds(value) for key, value in row.items()} for row in rows]


def in_seconds(value: object) -> object:
    return value.timestamp() if isinstance(value, datetime) else value
