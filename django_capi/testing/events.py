"""Read back the events that were tracked, and deliver them to memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, overload

from django.db.models import Max

from django_capi.database.alias import using
from django_capi.delivery.client import SentRequest, memory
from django_capi.delivery.drain import DeliveryReport
from django_capi.models import Event
from django_capi.testing import reasons
from django_capi.worker import run

outbox: list[SentRequest] = memory.sent
"""The requests that would have gone to Meta. The pytest plugin and `capture_events()` empty it."""


class CapturedEvents(Sequence[dict[str, Any]]):
    """The events that were tracked since it was made, oldest first, each as a dict with Meta's names.

    It reads the database whenever it is used, until its `with` block ends. An event for several pixels is listed once.
    """

    def __init__(self, *, after: int | None = None) -> None:
        self._after = newest_pk() if after is None else after
        self._final: list[dict[str, Any]] | None = None

    @property
    def names(self) -> list[str]:
        """The events' names, such as `["PageView", "Lead"]`."""
        return [event["event_name"] for event in self]

    def named(self, event_name: str) -> list[dict[str, Any]]:
        """The events of one name."""
        return [event for event in self if event["event_name"] == event_name]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self._read()[index]

    def __repr__(self) -> str:
        return f"<CapturedEvents: {', '.join(self.names) or 'none'}>"

    def _read(self) -> list[dict[str, Any]]:
        return read(after=self._after) if self._final is None else self._final

    def _close(self) -> None:
        self._final = read(after=self._after)


@contextmanager
def capture_events() -> Iterator[CapturedEvents]:
    """Capture the events that are tracked in the block, and empty `outbox` before it.

    with capture_events() as events:
        self.client.post("/signup/")
    self.assertEqual(events.names, ["Lead"])
    """
    outbox.clear()
    reasons.clear()
    events = CapturedEvents()
    yield events
    events._close()  # noqa: SLF001


def tracked(event_name: str | None = None) -> list[dict[str, Any]]:
    """The events in the database as they would be sent, oldest first; of one name when given."""
    events = CapturedEvents(after=0)
    return list(events) if event_name is None else events.named(event_name)


def deliver_now() -> DeliveryReport:
    """Send what is due to `outbox`, as a worker would, and return the worker's report."""
    return run()


def newest_pk() -> int:
    return Event.objects.using(using()).aggregate(newest=Max("pk"))["newest"] or 0


def read(*, after: int) -> list[dict[str, Any]]:
    rows = Event.objects.using(using()).filter(pk__gt=after).exclude(payload="").order_by("pk")
    payloads = {(name, event_id): payload for name, event_id, payload in rows.values_list(*COLUMNS)}
    return [json.loads(payload) for payload in payloads.values()]


COLUMNS = ("event_name", "event_id", "payload")
