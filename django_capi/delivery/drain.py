"""Deliver the due events of every pixel, batch by batch.

Any number of workers may run this at once: the holder of a lane sends. An event ends at its deadline, never
after a number of attempts.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace

from django.db import DatabaseError, OperationalError
from django.utils.translation import gettext_noop as _

from django_capi.conf import Pixel, conf
from django_capi.delivery import background, batches, counting, due, isolate, lanes, shards
from django_capi.delivery.client import Answer, Client, client
from django_capi.delivery.due import DueEvent
from django_capi.delivery.pauses import UNSAFE_PAUSE, wait
from django_capi.ledger import erasure, expiry
from django_capi.meta import wire
from django_capi.meta.verdicts import RequestOutcome
from django_capi.models import Batch, Lane, Rank

logger = logging.getLogger("django_capi")

PROBE_AFTER = 5  # failures in a row, after which requests are small
PROBE_SIZE = 10
MALFORMED = _("%(settings)s is malformed: nothing is sent until it is corrected. Run manage.py check.")


@dataclass(kw_only=True, slots=True)
class DeliveryReport:
    """What one pass did, in events; `requests` counts POSTs."""

    found: int = 0  # conversions, of which no signal had told
    accepted: int = 0
    rejected: int = 0
    expired: int = 0
    shed: int = 0
    ambiguous: int = 0
    requests: int = 0
    paused: dict[str, str] = field(default_factory=dict)  # pixel id -> why


def deliver(*, seconds: float = 50.0, is_over: Callable[[], bool] = bool) -> DeliveryReport:
    """Make one pass over every pixel, until nothing is due, `seconds` have passed, or `is_over()` is true."""
    report = DeliveryReport(expired=expiry.expire())
    erasure.sweep()
    until = time.monotonic() + seconds

    def may_continue() -> bool:
        return time.monotonic() < until and not is_over()

    pixels = {pixel.pixel_id: pixel for pixel in conf.pixels().values()}
    awake = [pixels[pixel_id] for pixel_id in pixels.keys() - lanes.paused(pixels.keys())]
    random.shuffle(awake)  # the time may end before the last pixel's turn
    refused: DatabaseError | None = None
    unsafe = conf.unsafe()
    for pixel in awake:
        if unsafe:
            pause_unsafe(pixel, unsafe, report)
            continue
        try:
            drain(pixel, client(), may_continue=may_continue, report=report)
        except OperationalError:
            raise
        except DatabaseError as error:  # a row of this pixel that the tables refuse
            refused = error
    counting.refresh_tallies()
    if refused:
        raise refused
    return report


def pause_unsafe(pixel: Pixel, unsafe: Sequence[str], report: DeliveryReport) -> None:
    """Pause the pixel while a setting that guards privacy or tests is malformed."""
    held = lanes.claim(pixel.pixel_id)
    if held is None:
        return
    keys = ", ".join(f"CAPI[{key!r}]" if "[" not in key else f"CAPI {key}" for key in unsafe)
    reason = MALFORMED % {"settings": keys}
    lanes.pause(held, seconds=UNSAFE_PAUSE, reason=reason)
    lanes.release(held)
    report.paused[pixel.pixel_id] = reason


def drain(pixel: Pixel, sender: Client, *, may_continue: Callable[[], bool], report: DeliveryReport) -> None:
    """Send the pixel's due events from those of its lanes that no other worker holds, one lane after the other."""
    for number, lane in enumerate(divided(pixel.pixel_id, report)):
        if number and (not may_continue() or lanes.paused([pixel.pixel_id])):
            return  # what Meta answers concerns every lane of the pixel
        drain_lane(lane, pixel, sender, may_continue=may_continue, report=report)


def divided(pixel_id: str, report: DeliveryReport) -> list[Lane]:
    """Return the pixel's lanes in random order; none if it must be divided anew and another worker is sending."""
    found = lanes.of_pixel(pixel_id)
    if not shards.are_divided(found):
        accepted, ambiguous = shards.divide(found)
        report.accepted += accepted
        report.ambiguous += ambiguous
        found = lanes.of_pixel(pixel_id)
    in_use = found[: conf.SHARDS] if shards.are_divided(found) else []
    return random.sample(in_use, len(in_use))


def drain_lane(
    lane: Lane, pixel: Pixel, sender: Client, *, may_continue: Callable[[], bool], report: DeliveryReport
) -> None:
    """Send the lane's due events while this worker holds it and Meta accepts them."""
    held = lanes.claim_lane(lane)
    if held is None:
        return
    lane_drain = LaneDrain(pixel=pixel, sender=sender, held=held, may_continue=may_continue, report=report)
    try:
        lane_drain.recover()
        lane_drain.run()
    except lanes.LostLane:
        logger.info("Pixel %s: another worker holds the lane now.", pixel.pixel_id)
        lane_drain.settle_accepted()
    except BaseException:
        lane_drain.record_last_answer()
        raise
    finally:
        lanes.release(held)


@dataclass(kw_only=True, slots=True)
class LaneDrain:
    """One pass over a lane; the previous batch is settled while the next request is in flight."""

    pixel: Pixel
    sender: Client
    held: lanes.Claim
    may_continue: Callable[[], bool]
    report: DeliveryReport
    batch: Batch | None = None  # of the request in flight
    flight: Future[Answer] | None = None
    last: batches.AcceptedRequest | None = None  # accepted by Meta, rows not settled yet

    def recover(self) -> None:
        """Close what a dead worker left open, and shed what exceeds the backlog limit."""
        accepted, ambiguous = batches.recover(self.held)
        self.report.accepted += accepted
        self.report.ambiguous += ambiguous
        if self.held.shard == 0:  # the limit is the pixel's, and two workers could give up too many
            self.report.shed += expiry.shed(self.pixel.pixel_id)

    def run(self) -> None:
        """Send batch after batch, until nothing is due, the pass ends, or the lane is paused."""
        size = min(self.held.max_batch, PROBE_SIZE) if self.is_failing() else self.held.max_batch
        rows = self.read(size)
        while rows and self.may_continue():
            batch, flight = self.launch(rows)
            self.settle_accepted()
            size = min(size * 2, conf.BATCH_EVENTS)
            is_answered = flight.done()
            following = due.read(self.held, limit=size, besides=rows)
            answer = flight.result()
            if answer.verdict.outcome is RequestOutcome.ACCEPTED:
                self.check_count(rows, answer)
                self.last = batches.AcceptedRequest(rows=rows, batch=batch, answer=answer)
                # What was read while the request was in flight may have ended since.
                rows = (following if is_answered else due.still_pending(following)) or self.read(size)
            else:
                rows = self.read(size) if self.resolve(rows, batch, answer) else []
        self.settle_accepted()

    def read(self, size: int) -> list[DueEvent]:
        """Settle what Meta has accepted, then return the next rows."""
        self.settle_accepted()
        return due.read(self.held, limit=size)

    def launch(self, rows: Sequence[DueEvent]) -> tuple[Batch, Future[Answer]]:
        body = wire.body(
            [row.payload for row in rows],
            test_event_code=rows[0].test_event_code or None,
            partner_agent=conf.PARTNER_AGENT or None,
            appsecret_proof=self.pixel.appsecret_proof(),
        )
        batch = batches.intend(self.held, rows, size=len(body), after=self.last)
        self.last = replace(self.last, answer=None) if self.last else None
        self.report.requests += 1
        self.batch, self.flight = batch, background.dispatch(self.sender, self.pixel, body)
        return batch, self.flight

    def settle_accepted(self) -> None:
        sent, self.last = self.last, None
        if sent:
            batches.accept(self.held, sent)
            self.report.accepted += len(sent.rows)

    def record_last_answer(self) -> None:
        """After an exception, record the answer to the request in flight."""
        if self.batch and self.flight and not self.flight.exception():
            with suppress(DatabaseError):
                batches.record_answer(self.batch, self.flight.result())

    def resolve(self, rows: Sequence[DueEvent], batch: Batch, answer: Answer) -> bool:
        """Settle a request that Meta did not accept. True if the pass may continue."""
        if rows[0].rank == Rank.QUARANTINE and self.keep_quarantined(rows, batch, answer):
            return True
        blames = isolate.is_either if self.is_failing() else isolate.is_refusal
        if not blames(answer):
            return self.settle(rows, batch, answer)
        batches.close_answered(batch, answer)
        may_continue = self.isolate(rows, replace(answer, batch_id=batch.pk), blames)
        if answer.verdict.outcome is RequestOutcome.TOO_LARGE:
            lanes.shrink(self.held)
            return False
        return may_continue

    def keep_quarantined(self, rows: Sequence[DueEvent], batch: Batch, answer: Answer) -> bool:
        """Leave the event in quarantine if it failed once more, and let the lane go on. False for any other answer."""
        if answer.verdict.outcome is RequestOutcome.AMBIGUOUS:
            self.report.ambiguous += len(rows)
            batches.record_unanswered(batch, answer)
        elif isolate.is_breakdown(answer):
            batches.close_answered(batch, answer)
        else:
            return False
        batches.quarantine(rows)
        return True

    def is_failing(self) -> bool:
        return self.held.failures >= PROBE_AFTER

    def post(self, rows: Sequence[DueEvent]) -> tuple[Batch, Answer]:
        batch, flight = self.launch(rows)
        return batch, replace(flight.result(), batch_id=batch.pk)

    def settle(self, rows: Sequence[DueEvent], batch: Batch, answer: Answer) -> bool:
        """Record an answer that concerns all rows alike."""
        if answer.verdict.outcome is RequestOutcome.ACCEPTED:
            self.report.accepted += len(rows)
            self.check_count(rows, answer)
            return batches.accept(self.held, batches.AcceptedRequest(rows=rows, batch=batch, answer=answer))
        if answer.verdict.outcome is RequestOutcome.AMBIGUOUS:
            self.report.ambiguous += len(rows)
            batches.record_unanswered(batch, answer)
            lanes.shrink(self.held)
            if len(rows) == 1 and self.is_failing() and self.accepts_another(rows):
                batches.quarantine(rows)  # Meta may never answer for it, and the others must not wait
                return True
        else:
            batches.close_answered(batch, answer)
        self.pause(answer)
        return False

    def accepts_another(self, rows: Sequence[DueEvent]) -> bool:
        """Send another event, picked at random: if Meta accepts it, Meta is not down."""
        others = [
            row for row in due.read(self.held, limit=conf.BATCH_EVENTS, besides=rows) if row.rank < Rank.QUARANTINE
        ]
        if not others:
            return False
        witness = random.sample(others, 1)
        batch, answer = self.post(witness)
        if answer.verdict.outcome is RequestOutcome.ACCEPTED:
            return self.settle(witness, batch, answer)
        if answer.verdict.outcome is RequestOutcome.AMBIGUOUS:
            self.report.ambiguous += 1
            batches.record_unanswered(batch, answer)
        else:
            batches.close_answered(batch, answer)
        return False

    def isolate(self, rows: Sequence[DueEvent], answer: Answer, blames: isolate.Blames) -> bool:
        """Find the events that Meta refuses or fails at; the others are delivered in the process."""
        found = isolate.isolate(
            rows, answer, post=self.post, settle=self.settle, blames=blames, may_continue=self.may_continue
        )
        for row, refusal in found.rejected:
            batches.reject(self.held, row, refusal)
        batches.quarantine(found.failing)
        self.report.rejected += len(found.rejected)
        if found.systemic:
            self.pause(found.systemic)
        if found.incomplete:
            lanes.shrink(self.held)
        return not (found.systemic or found.incomplete or found.stopped)

    def check_count(self, rows: Sequence[DueEvent], answer: Answer) -> None:
        received = answer.verdict.events_received
        if received != len(rows):
            # The events are not sent again: Meta accepted the request.
            logger.warning("Pixel %s: sent %d events, Meta counts %s.", self.pixel.pixel_id, len(rows), received)

    def pause(self, answer: Answer) -> None:
        lanes.pause(self.held, seconds=wait(answer, self.held.failures), reason=answer.verdict.reason)
        self.report.paused[self.pixel.pixel_id] = answer.verdict.reason
