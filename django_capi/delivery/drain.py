"""A wish to deliver comes in; every pixel's due events are sent, batch by batch; a report goes out.

Any number of workers may run this at once: the lane decides who sends. Nothing is given up after a number of
attempts, only at an event's deadline.
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

from django_capi.conf import Pixel, conf
from django_capi.delivery import background, batches, isolate, lanes
from django_capi.delivery.client import Answer, Client, client
from django_capi.delivery.pauses import UNSAFE_PAUSE, wait
from django_capi.ledger import erasure, retention, tallies
from django_capi.meta import wire
from django_capi.meta.verdicts import Outcome
from django_capi.models import Batch, Rank

logger = logging.getLogger("django_capi")

PROBE_AFTER = 5  # failures in a row, then one small request at a time
PROBE_SIZE = 10


@dataclass(kw_only=True, slots=True)
class Report:
    """What one pass did, in events; `requests` in POSTs."""

    found: int = 0  # conversions that no signal told of
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
    erasure.sweep()
    until = time.monotonic() + seconds

    def goes_on() -> bool:
        return time.monotonic() < until and not is_over()

    pixels = {pixel.pixel_id: pixel for pixel in conf.pixels().values()}
    awake = [pixels[pixel_id] for pixel_id in pixels.keys() - lanes.paused(pixels.keys())]
    random.shuffle(awake)  # the time may be up before the last one's turn
    refused: DatabaseError | None = None
    unsafe = conf.unsafe()
    for pixel in awake:
        if unsafe:
            hold_back(pixel, unsafe, report)
            continue
        try:
            drain(pixel, client(), goes_on=goes_on, report=report)
        except OperationalError:
            raise
        except DatabaseError as error:  # something of this pixel's that the tables do not take
            refused = error
    count_changes()
    if refused:
        raise refused
    return report


def hold_back(pixel: Pixel, unsafe: Sequence[str], report: Report) -> None:
    """Send nothing while a setting that guards privacy or tests has a form that says nothing clear."""
    held = lanes.claim(pixel.pixel_id)
    if held is None:
        return
    keys = ", ".join(f"CAPI[{key!r}]" if "[" not in key else f"CAPI {key}" for key in unsafe)
    reason = f"{keys} is malformed: nothing is sent until it is right. Run manage.py check."
    lanes.pause(held, seconds=UNSAFE_PAUSE, reason=reason)
    lanes.release(held)
    report.paused[pixel.pixel_id] = reason


def count_changes() -> None:
    """For the admin's figures. Whatever happens here must not look as if delivery had failed."""
    try:
        tallies.refresh()
    except DatabaseError as error:
        logger.warning("Events could not be counted: %s.", type(error).__name__)


def drain(pixel: Pixel, sender: Client, *, goes_on: Callable[[], bool], report: Report) -> None:
    """Send the pixel's due events while its lane is ours and Meta takes them."""
    held = lanes.claim(pixel.pixel_id)
    if held is None:
        return
    window = Window(pixel=pixel, sender=sender, held=held, goes_on=goes_on, report=report)
    try:
        window.recover()
        window.work()
    except lanes.LostLane:
        logger.info("Pixel %s: another worker holds the lane now.", pixel.pixel_id)
        window.settle_last()
    except BaseException:
        window.salvage()
        raise
    finally:
        lanes.release(held)


@dataclass(kw_only=True, slots=True)
class Window:
    """One worker's turn at a lane: a request is under way, and the ledger is written and read in the meantime."""

    pixel: Pixel
    sender: Client
    held: lanes.Claim
    goes_on: Callable[[], bool]
    report: Report
    batch: Batch | None = None  # of the flight
    flight: Future[Answer] | None = None
    last: batches.Sent | None = None  # Meta has them, and their rows do not say so yet

    def recover(self) -> None:
        """Finish what a dead worker left, and give up what is too much."""
        accepted, ambiguous = batches.recover(self.held)
        self.report.accepted += accepted
        self.report.ambiguous += ambiguous
        self.report.shed += retention.shed(self.pixel.pixel_id)

    def work(self) -> None:
        """Batch after batch, until nothing waits, or it is over, or Meta wants to be left alone."""
        size = min(self.held.max_batch, PROBE_SIZE) if self.is_in_trouble() else self.held.max_batch
        rows = self.read(size)
        while rows and self.goes_on():
            batch, flight = self.launch(rows)
            self.settle_last()
            size = min(size * 2, conf.BATCH_EVENTS)
            ahead = batches.due(self.held, limit=size, besides=rows)
            answer = flight.result()
            if answer.verdict.outcome is Outcome.ACCEPTED:
                self.notice_count(rows, answer)
                self.last = batches.Sent(rows=rows, batch=batch, answer=answer)
                rows = batches.waiting(ahead) or self.read(size)
            else:
                rows = self.read(size) if self.cope(rows, batch, answer) else []
        self.settle_last()

    def read(self, size: int) -> list[batches.Due]:
        """The next rows, once those that Meta has are settled."""
        self.settle_last()
        return batches.due(self.held, limit=size)

    def launch(self, rows: Sequence[batches.Due]) -> tuple[Batch, Future[Answer]]:
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

    def settle_last(self) -> None:
        sent, self.last = self.last, None
        if sent:
            batches.accept(self.held, sent)
            self.report.accepted += len(sent.rows)

    def salvage(self) -> None:
        """Something broke: what Meta answered, or is about to, is written down all the same."""
        if self.batch and self.flight and not self.flight.exception():
            with suppress(DatabaseError):
                batches.keep_answer(self.batch, self.flight.result())

    def cope(self, rows: Sequence[batches.Due], batch: Batch, answer: Answer) -> bool:
        """Deal with any answer but acceptance; whether to go on."""
        if rows[0].rank == Rank.ALONE and self.leave_apart(rows, batch, answer):
            return True
        blames = isolate.is_either if self.is_in_trouble() else isolate.is_refusal
        if not blames(answer):
            return self.settle(rows, batch, answer)
        batches.close_answered(batch, answer)
        goes_on = self.isolate(rows, answer, blames)
        if answer.verdict.outcome is Outcome.TOO_LARGE:
            lanes.shrink(self.held)
            return False
        return goes_on

    def leave_apart(self, rows: Sequence[batches.Due], batch: Batch, answer: Answer) -> bool:
        """What was set apart fails once more: the lane goes on without it. False when the answer is another one."""
        if answer.verdict.outcome is Outcome.AMBIGUOUS:
            self.report.ambiguous += len(rows)
            batches.in_doubt(batch, answer)
        elif isolate.is_breakdown(answer):
            batches.close_answered(batch, answer)
        else:
            return False
        batches.set_apart(rows)
        return True

    def is_in_trouble(self) -> bool:
        return self.held.failures >= PROBE_AFTER

    def post(self, rows: Sequence[batches.Due]) -> tuple[Batch, Answer]:
        batch, flight = self.launch(rows)
        return batch, flight.result()

    def settle(self, rows: Sequence[batches.Due], batch: Batch, answer: Answer) -> bool:
        """Write down an answer that is about all rows alike."""
        if answer.verdict.outcome is Outcome.ACCEPTED:
            self.report.accepted += len(rows)
            self.notice_count(rows, answer)
            return batches.accept(self.held, batches.Sent(rows=rows, batch=batch, answer=answer))
        if answer.verdict.outcome is Outcome.AMBIGUOUS:
            self.report.ambiguous += len(rows)
            batches.in_doubt(batch, answer)
            lanes.shrink(self.held)
            if len(rows) == 1 and self.is_in_trouble() and self.takes_another(rows):
                batches.set_apart(rows)  # Meta may never get done with it, and the others must have their turn
                return True
        else:
            batches.close_answered(batch, answer)
        self.pause(answer)
        return False

    def takes_another(self, rows: Sequence[batches.Due]) -> bool:
        """Ask an event picked at random: when Meta takes it, Meta is not down."""
        others = [row for row in batches.due(self.held, limit=conf.BATCH_EVENTS, besides=rows) if row.rank < Rank.ALONE]
        if not others:
            return False
        witness = random.sample(others, 1)
        batch, answer = self.post(witness)
        if answer.verdict.outcome is Outcome.ACCEPTED:
            return self.settle(witness, batch, answer)
        if answer.verdict.outcome is Outcome.AMBIGUOUS:
            self.report.ambiguous += 1
            batches.in_doubt(batch, answer)
        else:
            batches.close_answered(batch, answer)
        return False

    def isolate(self, rows: Sequence[batches.Due], answer: Answer, blames: isolate.Blames) -> bool:
        """Find the events that Meta refuses or fails at; the others are delivered on the way."""
        found = isolate.isolate(rows, answer, post=self.post, settle=self.settle, blames=blames, goes_on=self.goes_on)
        for row, refusal in found.rejected:
            batches.reject(self.held, row, refusal)
        batches.set_apart(found.failing)
        self.report.rejected += len(found.rejected)
        if found.systemic:
            self.pause(found.systemic)
        if found.incomplete:
            lanes.shrink(self.held)
        return not (found.systemic or found.incomplete or found.stopped)

    def notice_count(self, rows: Sequence[batches.Due], answer: Answer) -> None:
        received = answer.verdict.events_received
        if received != len(rows):
            # Not sent again: a request that Meta took is not repeated for a number that does not fit.
            logger.warning("Pixel %s: sent %d events, Meta counts %s.", self.pixel.pixel_id, len(rows), received)

    def pause(self, answer: Answer) -> None:
        lanes.pause(self.held, seconds=wait(answer, self.held.failures), reason=answer.verdict.reason)
        self.report.paused[self.pixel.pixel_id] = answer.verdict.reason
