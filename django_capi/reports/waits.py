"""Where the time goes from an event to Meta's answer, by the newest events and requests.

A request that Meta does not accept holds up every event of its pixel. So an event waits until the first request after
it was stored, is retried until the request that Meta accepted begins, and the rest is Meta's answer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

from django_capi.meta.answers import RequestOutcome
from django_capi.models import Batch, Event, Status
from django_capi.reports.sums import Scope

NEWEST: Final = 200  # events, and requests
ROW: Final = (
    "pixel_id", "event_name", "event_time", "test_event_code", "status", "created_at", "finished_at",
    "batch__lane_id", "batch__started_at",
)  # fmt: skip

Failures = Mapping[int, Sequence[datetime]]  # by lane, in order


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitParts:
    """What the time from one event to Meta's answer was spent on."""

    storing: timedelta  # from the event to its row, as for one that was found late
    waiting: timedelta
    retries: timedelta
    answer: timedelta

    @property
    def total(self) -> timedelta:
        return self.storing + self.waiting + self.retries + self.answer


@dataclass(frozen=True, kw_only=True, slots=True)
class NewestRequests:
    """The newest requests: how many, how many of them Meta did not accept, and how long the answers took."""

    count: int
    failed: int
    answers: tuple[timedelta, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Waits:
    """The accepted events of the scope among the newest ones, in no order, and the newest requests."""

    parts: tuple[WaitParts, ...]
    requests: NewestRequests


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptedEvent:
    """An accepted event with the request that settled it."""

    happened_at: datetime
    created_at: datetime
    finished_at: datetime
    lane_id: int
    started_at: datetime

    def parts(self, failures: Failures) -> WaitParts:
        """Split the time. Clocks may differ, so no part is negative."""
        first = first_failure(failures.get(self.lane_id, ()), after=self.created_at)
        stored = max(self.happened_at, self.created_at)
        tried = max(stored, min(first or self.started_at, self.started_at))
        started = max(tried, self.started_at)
        return WaitParts(
            storing=stored - self.happened_at,
            waiting=tried - stored,
            retries=started - tried,
            answer=max(started, self.finished_at) - started,
        )


def newest(scope: Scope, *, most: int = NEWEST) -> Waits:
    """Read the newest events and requests, with two queries whose cost does not depend on the ledger."""
    batches = Batch.objects.order_by("-pk").values_list("lane_id", "outcome", "started_at", "finished_at")[:most]
    requests = list(batches)
    # An event older than the oldest of them may have been in a request that is not among them.
    oldest = min(started_at for _, _, started_at, _ in requests) if len(requests) == most else None
    failures = failures_of(requests)
    return Waits(
        parts=tuple(
            event.parts(failures) for event in accepted(scope, most) if oldest is None or event.created_at >= oldest
        ),
        requests=NewestRequests(
            count=len(requests),
            failed=sum(map(len, failures.values())),
            answers=tuple(finished_at - started_at for _, _, started_at, finished_at in requests if finished_at),
        ),
    )


def failures_of(requests: Sequence[tuple[int, str, datetime, datetime | None]]) -> Failures:
    """Return when the requests began that have ended without being accepted."""
    found: dict[int, list[datetime]] = {}
    for lane_id, outcome, started_at, _finished_at in requests:
        if outcome not in ("", RequestOutcome.ACCEPTED):
            found.setdefault(lane_id, []).append(started_at)
    return {lane_id: sorted(times) for lane_id, times in found.items()}


def first_failure(times: Sequence[datetime], *, after: datetime) -> datetime | None:
    place = bisect_left(times, after)
    return times[place] if place < len(times) else None


def accepted(scope: Scope, most: int) -> list[AcceptedEvent]:
    """Return those of the newest events that belong to the scope and have the request that settled them."""
    rows = Event.objects.order_by("-pk").values_list(*ROW)[:most]
    return [
        AcceptedEvent(
            happened_at=datetime.fromtimestamp(event_time, UTC),
            created_at=created_at,
            finished_at=finished_at,
            lane_id=lane_id,
            started_at=started_at,
        )
        for pixel_id, name, event_time, test_code, status, created_at, finished_at, lane_id, started_at in rows
        if status == Status.ACCEPTED
        and not test_code
        and finished_at
        and started_at
        and scope.contains(pixel_id=pixel_id, event_name=name, event_time=event_time)
    ]


def percentile(lengths: Sequence[timedelta], part: float) -> timedelta | None:
    """Return the shortest of the lengths that this part of them does not exceed."""
    return sorted(lengths)[max(ceil(part * len(lengths)), 1) - 1] if lengths else None
