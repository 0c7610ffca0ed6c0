"""A site whose actions, failures and repairs a test chooses, and a record of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone

from django_capi.clock import Now
from django_capi.delivery import lanes
from django_capi.delivery.drain import deliver
from django_capi.ledger import receipts, resend, retention, withdrawal
from django_capi.models import Batch, BrowserState, Count, Event, KeyTally, Lane, Status, Tally, Withdrawal
from django_capi.tracking import track
from django_capi.types import CustomEvent
from tests.support.interruptions import Interruption, Killed, Statements
from tests.support.oracle import COLUMNS, Memory
from tests.support.scripted_meta import Meta

LEASE = 100  # seconds after which no lease is good any more
MOST_SHARDS = 3
ROUNDS = 20  # passes that must be enough in the end
MODELS = (Event, Batch, Lane, Tally, KeyTally, Count, Withdrawal)
FINISHED = [status for status in Status if status is not Status.PENDING]


@dataclass(frozen=True, kw_only=True)
class Action:
    """What a customer does."""

    name: str
    pixels: tuple[str, ...]
    fbp: str
    age: int
    again: int | None  # which earlier one's id it has
    is_taken_back: bool  # by a savepoint
    is_refused: bool
    is_broken: bool


@dataclass(frozen=True, kw_only=True)
class Turn:
    """How a worker's turn goes."""

    actions: tuple[Action, ...] = ()  # of customers, right before
    answers: tuple[str, ...] = ()  # Meta's first ones; the others are good
    at: int = 1  # the statement before which something happens
    is_awaited: bool  # all pauses and leases are over


@dataclass(kw_only=True)
class Site:
    """Everything that can happen to it, and the memory of what did."""

    meta: Meta
    capi: dict[str, Any]  # the setting
    shards: int = 1  # to begin with
    statements: Statements = field(default_factory=Statements)
    memory: Memory = field(default_factory=Memory)
    pixels: Sequence[str] = ()  # what PIXEL_FOR answers
    ids: int = 0
    left_open: set[int] = field(default_factory=set)  # requests of turns that did not end well

    def begin(self) -> None:
        self.capi["SHARDS"] = self.shards
        for model in MODELS:
            model._base_manager.all()._raw_delete(connection.alias)
        self.meta.lift()
        self.meta.asked.clear()
        self.statements.looks.clear()
        self.memory = Memory()
        self.ids = 0
        self.left_open.clear()

    def order(self, actions: Sequence[Action], *, is_kept: bool) -> None:
        with transaction.atomic():
            kept = [(row, action) for action in actions for row in self.rows_of(action)]
            transaction.set_rollback(not is_kept)
        for row, action in kept if is_kept else ():
            self.memory.commit(row, fbp=action.fbp, age=action.age)

    def rows_of(self, action: Action) -> list[Event]:
        event_id = self.id_of(action)
        self.pixels = action.pixels
        with transaction.atomic():
            found = track(
                CustomEvent(action.name),
                event_id=event_id,
                event_time=int(time.time()) - action.age,
                user_data={"fbp": action.fbp, "em": f"{event_id}@example.com"},
                consent=True,
            )
            transaction.set_rollback(action.is_taken_back)
        assert found == event_id
        return list(Event.objects.filter(event_name=action.name, event_id=event_id))

    def id_of(self, action: Action) -> str:
        """That of an earlier action, or a new one, which Meta may not bear."""
        earlier = sorted({key[2] for key in self.memory.events} - {key[2] for key in self.memory.pruned})
        if action.again is not None and earlier:
            return earlier[action.again % len(earlier)]
        self.ids += 1
        event_id = f"event-{self.ids:06}"
        if action.is_refused:
            self.meta.refused.add(event_id)
            self.memory.refused.add(event_id)
        if action.is_broken:
            self.meta.broken.add(event_id)
        return event_id

    def turn(self, turn: Turn, interruption: Interruption = None) -> None:
        """One pass of a worker, as far as it gets."""
        self.order(turn.actions, is_kept=True)
        if turn.is_awaited:
            self.hurry()
        self.meta.script = deque(turn.answers)
        try:
            with self.statements.interrupted(turn.at, interruption) as worker:
                deliver()
        except (Killed, OperationalError):
            self.left_open.update(Batch.objects.filter(finished_at=None).values_list("pk", flat=True))
        else:
            self.memory.confirm(self.meta.asked[number] for number in worker.requests)

    def take_over(self, turn: Turn, interruption: Interruption) -> None:
        """Another worker's turn, when the one before has been silent for too long."""
        self.pass_time(LEASE)
        self.turn(turn, interruption)

    def work_beside(self, turn: Turn, interruption: Interruption) -> None:
        """Another worker's turn, which may take the lanes that the one before does not hold."""
        self.turn(replace(turn, is_awaited=False), interruption)

    def divide(self) -> None:
        """Somebody changes the number of shards."""
        self.capi["SHARDS"] = self.capi["SHARDS"] % MOST_SHARDS + 1

    def report(self, fbp: str, state: BrowserState) -> None:
        """The page of a visitor tells of its copies."""
        keys = [key for key, event in self.memory.events.items() if event.fbp == fbp and key not in self.memory.pruned]
        found = [
            receipts.Receipt(event_name=name, event_id=event_id, pixel_ids=(pixel_id,), state=state)
            for pixel_id, name, event_id in keys
        ]
        if found:
            assert receipts.record(found, fbp=fbp) == len(keys)
        if state is BrowserState.FIRED:
            self.memory.fire(keys)

    def withdraw(self, fbp: str) -> None:
        withdrawal.withdraw(fbps=[fbp])
        self.memory.withdraw(fbp, self.statements.count)

    def pass_time(self, seconds: int) -> None:
        """Everything as it will be after so many seconds."""
        gone = timedelta(seconds=seconds)
        moments = ("consented_at", "created_at", "due_at", "deadline", "finished_at", "browser_at")
        Withdrawal.objects.update(withdrawn_at=F("withdrawn_at") - gone)
        Event.objects.update(event_time=F("event_time") - seconds, **{name: F(name) - gone for name in moments})
        Lane.objects.update(lease_until=F("lease_until") - gone, paused_until=F("paused_until") - gone)
        Batch.objects.update(started_at=F("started_at") - gone, finished_at=F("finished_at") - gone)
        self.memory.pass_time(seconds, self.statements.count)

    def prune(self) -> None:
        """What goes has been over for a day."""
        over = Event.objects.filter(status__in=FINISHED, finished_at__lte=timezone.now() - timedelta(days=1))
        going = set(over.values_list("pixel_id", "event_name", "event_id"))
        assert retention.prune() == len(going)
        self.memory.pruned |= going

    def resend(self) -> None:
        resend.resend(list(Event.objects.values_list("pk", flat=True)))

    def resume(self) -> None:
        lanes.resume(list(Lane.objects.values_list("pk", flat=True)))

    def check(self) -> None:
        self.memory.check(list(Event.objects.values(*COLUMNS)), self.meta, self.statements.looks)
        for batch in Batch.objects.filter(finished_at=None).select_related("lane"):
            is_last = batch.pk in self.left_open and batch.fence == batch.lane.fence
            assert batch.lane.lease_until or is_last, "a turn has ended well and left a request open"

    def is_waiting(self) -> bool:
        return Event.objects.filter(status=Status.PENDING).exists()

    def hurry(self) -> None:
        """All pauses end, those of single events too, and so do all leases."""
        Lane.objects.update(lease_until=Now() - timedelta(seconds=1))
        self.resume()
        Event.objects.filter(status=Status.PENDING).update(due_at=Now())

    def drain(self) -> None:
        """All is well again: whatever waits ends."""
        self.meta.lift()
        for _ in range(ROUNDS):
            self.turn(Turn(is_awaited=True))
            self.check()
            if not self.is_waiting():
                break
        assert not self.is_waiting(), "stuck"
        assert not Batch.objects.filter(finished_at=None).exists()
