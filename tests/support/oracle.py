"""Compare the ledger and Meta with what a site did."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django_capi.models import Event, Status
from tests.support.scripted_meta import Asked, Key, Meta

HOUR = 3600
DAY = 24 * HOUR
AGE_LIMIT = 7 * DAY - HOUR  # from the event to its deadline
RECEIPT_LIMIT = 47 * HOUR  # from a browser's receipt
SLACK = 10 * 60  # seconds of the machine's own clock that a test may take
HELD = "Contact"  # by ON_AMBIGUOUS
COLUMNS = ("pixel_id", "event_name", "event_id", "status", "ambiguous", "finished_at", "payload")


@dataclass(kw_only=True)
class Tracked:
    """A committed event. Times are seconds that have been let pass."""

    payload: str
    event_time: int
    fbp: str
    deadline: int
    over: int | None = None  # the statement after which no look may find it: withdrawn, or past its deadline


@dataclass(kw_only=True)
class Memory:
    """Everything that was committed, and what must never arrive any more."""

    events: dict[Key, Tracked] = field(default_factory=dict)
    pruned: set[Key] = field(default_factory=set)
    withdrawn: set[Key] = field(default_factory=set)
    confirmed: set[Key] = field(default_factory=set)  # Meta said so to a worker that went on
    refused: set[str] = field(default_factory=set)  # ids that Meta ever refused
    elapsed: int = 0
    checked: int = 0  # requests

    def commit(self, row: Event, *, fbp: str, age: int) -> None:
        """What is there already stays as it is."""
        key = (row.pixel_id, row.event_name, row.event_id)
        if key not in self.events:
            deadline = self.elapsed + AGE_LIMIT - age
            self.events[key] = Tracked(payload=row.payload, event_time=row.event_time, fbp=fbp, deadline=deadline)

    def fire(self, keys: Iterable[Key]) -> None:
        """The browser has reported its copies."""
        for key in keys:
            event = self.events[key]
            event.deadline = min(event.deadline, self.elapsed + RECEIPT_LIMIT)

    def confirm(self, asked: Iterable[Asked]) -> None:
        self.confirmed |= {key for request in asked if request.is_told for key in request.keys}

    def withdraw(self, fbp: str, moment: int) -> None:
        for key, event in self.events.items():
            if event.fbp == fbp:
                self.withdrawn.add(key)
                event.over = event.over or moment

    def pass_time(self, seconds: int, moment: int) -> None:
        self.elapsed += seconds
        for event in self.events.values():
            if event.deadline <= self.elapsed:
                event.over = event.over or moment

    def check(self, rows: Sequence[Mapping[str, Any]], meta: Meta, looks: Sequence[int]) -> None:
        found = Counter((row["pixel_id"], row["event_name"], row["event_id"]) for row in rows)
        assert found == Counter(self.events.keys() - self.pruned)
        assert len(looks) == len(meta.asked)
        for number in range(self.checked, len(looks)):
            self.check_request(meta.asked[number], looks[number])
        self.checked = len(looks)
        arrived = meta.arrivals()
        for key, row in zip(found, rows, strict=True):
            self.check_row(key, row, arrived[key])

    def check_request(self, asked: Asked, look: int) -> None:
        """The stored bytes, of events that could be sent when the worker looked."""
        events = [self.events[key] for key in asked.keys]
        assert asked.body == f'{{"data":[{",".join(event.payload for event in events)}]}}'.encode()
        assert [event["event_time"] for event in json.loads(asked.body)["data"]] == [
            event.event_time for event in events
        ]
        late = [key for key in asked.keys if (over := self.events[key].over) is not None and over < look]
        assert not late, f"sent although withdrawn or past the deadline: {late}"

    def check_row(self, key: Key, row: Mapping[str, Any], arrivals: int) -> None:
        status, event = Status(row["status"]), self.events[key]
        assert max(arrivals - 1, 0) <= row["ambiguous"], f"{key} arrived {arrivals} times"
        assert (row["finished_at"] is None) is (status is Status.PENDING)
        assert row["payload"] in ("", event.payload)
        assert status is Status.ACCEPTED or key not in self.confirmed, f"{key} was accepted and is {status.label}"
        is_right = {
            Status.PENDING: True,
            Status.ACCEPTED: arrivals > 0,
            Status.REJECTED: key[2] in self.refused,
            Status.EXPIRED: event.deadline <= self.elapsed + SLACK,
            Status.WITHDRAWN: key in self.withdrawn and not row["payload"],
            Status.IN_DOUBT: key[1] == HELD and row["ambiguous"] > 0,
        }
        assert is_right[status], f"{key} is {status.label}"
