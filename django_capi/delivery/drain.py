"""A wish to deliver comes in; every pixel's due events are sent, batch by batch; a report goes out.

Any number of workers may run this at once: the lane decides who sends. Nothing is given up after a number of
attempts, only at an event's deadline.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django_capi.client import Answer, Client, client
from django_capi.conf import Pixel, conf
from django_capi.delivery import poison
from django_capi.ledger import batches, lanes, retention
from django_capi.meta import wire
from django_capi.meta.verdicts import Outcome
from django_capi.models import Batch

logger = logging.getLogger("django_capi")

CONFIGURATION_PAUSE = 900  # seconds until a refused token or pixel is tried again
THROTTLE_PAUSE = 60  # seconds, doubling, when Meta names no time
LONGEST_PAUSE = 900
FIRST_BACKOFF = 10  # seconds, doubling, with full jitter
PROBE_AFTER = 5  # failures in a row, then one small request at a time
PROBE_SIZE = 10


@dataclass(kw_only=True, slots=True)
class Report:
    """What one pass did, in events; `requests` in POSTs."""

    accepted: int = 0
    rejected: int = 0
    expired: int = 0
    shed: int = 0
    ambiguous: int = 0
    requests: int = 0
    paused: dict[str, str] = field(default_factory=dict)  # pixel id -> why


def deliver(*, seconds: float = 50.0, is_over: Callable[[], bool] = bool) -> Report:
    """One pass over every pixel, until nothing is due, the time is up, or the caller says that it is over."""
    report = Report(expired=retention.expire())
    until = time.monotonic() + seconds

    def goes_on() -> bool:
        return time.monotonic() < until and not is_over()

    for pixel in {pixel.pixel_id: pixel for pixel in conf.pixels().values()}.values():
        drain(pixel, client(), goes_on=goes_on, report=report)
    return report


def drain(pixel: Pixel, sender: Client, *, goes_on: Callable[[], bool], report: Report) -> None:
    """Send the pixel's due events while its lane is ours and Meta takes them."""
    held = lanes.claim(pixel.pixel_id)
    if held is None:
        return
    try:
        report.ambiguous += batches.unfinished(held)
        report.shed += retention.shed(pixel.pixel_id)
        window = Window(pixel=pixel, sender=sender, held=held, report=report)
        size = PROBE_SIZE if held.failures >= PROBE_AFTER else held.max_batch
        while goes_on() and (rows := batches.due(held, limit=size)):
            if not window.send(rows):
                break
            size = min(size * 2, conf.BATCH_EVENTS)
    except lanes.LostLane:
        logger.info("Pixel %s: another worker holds the lane now.", pixel.pixel_id)
    finally:
        lanes.release(held)


@dataclass(kw_only=True, slots=True)
class Window:
    """One worker's turn at a lane: posts rows, settles them, and says whether to go on."""

    pixel: Pixel
    sender: Client
    held: lanes.Claim
    report: Report

    def send(self, rows: Sequence[batches.Due]) -> bool:
        batch, answer = self.post(rows)
        if answer.verdict.outcome not in poison.REFUSALS:
            return self.settle(rows, batch, answer)
        batches.close_answered(batch, answer)
        goes_on = self.isolate(rows, answer)
        if answer.verdict.outcome is Outcome.TOO_LARGE:
            lanes.shrink(self.held)
            return False
        return goes_on

    def post(self, rows: Sequence[batches.Due]) -> tuple[Batch, Answer]:
        body = wire.body(
            [row.payload for row in rows],
            test_event_code=rows[0].test_event_code or None,
            partner_agent=conf.PARTNER_AGENT or None,
        )
        batch = batches.intend(self.held, rows, size=len(body))
        self.report.requests += 1
        return batch, self.sender.post(self.pixel, body)

    def settle(self, rows: Sequence[batches.Due], batch: Batch, answer: Answer) -> bool:
        """Write down an answer that is about all rows alike."""
        if answer.verdict.outcome is Outcome.ACCEPTED:
            self.report.accepted += len(rows)
            self.notice_count(rows, answer)
            return batches.accept(self.held, batch, rows, answer)
        if answer.verdict.outcome is Outcome.AMBIGUOUS:
            self.report.ambiguous += len(rows)
            batches.in_doubt(batch, answer)
            lanes.shrink(self.held)
        else:
            batches.close_answered(batch, answer)
        self.pause(answer)
        return False

    def isolate(self, rows: Sequence[batches.Due], answer: Answer) -> bool:
        """Find the events that Meta refuses; the others are delivered on the way."""
        found = poison.isolate(rows, answer, post=self.post, settle=self.settle)
        for row, refusal in found.rejected:
            batches.reject(self.held, row, refusal)
        self.report.rejected += len(found.rejected)
        if found.systemic:
            self.pause(found.systemic, seconds=CONFIGURATION_PAUSE)
        if found.incomplete:
            lanes.shrink(self.held)
        return not (found.systemic or found.incomplete or found.stopped)

    def notice_count(self, rows: Sequence[batches.Due], answer: Answer) -> None:
        received = answer.verdict.events_received
        if received != len(rows):
            # Not sent again: a request that Meta took is not repeated for a number that does not fit.
            logger.warning("Pixel %s: sent %d events, Meta counts %s.", self.pixel.pixel_id, len(rows), received)

    def pause(self, answer: Answer, *, seconds: float | None = None) -> None:
        lanes.pause(self.held, seconds=seconds or wait(answer, self.held.failures), reason=answer.verdict.reason)
        self.report.paused[self.pixel.pixel_id] = answer.verdict.reason


def wait(answer: Answer, failures: int) -> float:
    """How many seconds to send nothing, by the kind of answer and the failures before it."""
    verdict = answer.verdict
    if verdict.outcome is Outcome.LANE:
        return CONFIGURATION_PAUSE
    if verdict.outcome is Outcome.THROTTLE:
        return verdict.retry_after or min(THROTTLE_PAUSE * 2**failures, LONGEST_PAUSE)
    longest = min(FIRST_BACKOFF * 2 ** min(failures, 10), LONGEST_PAUSE)
    return max(verdict.retry_after or 0, random.uniform(1, longest))  # noqa: S311  # jitter, not a secret
