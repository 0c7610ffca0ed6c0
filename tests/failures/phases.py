"""Kill a worker at a chosen statement.

The phase is one byte of memory that the parent still reads when the worker is dead.
"""

from __future__ import annotations

import mmap
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Phase(IntEnum):
    BEFORE_CLAIM = 0
    AFTER_CLAIM = 1
    BEFORE_INTENT = 2
    DURING_POST = 3
    AFTER_ANSWER = 4
    DURING_SETTLE = 5
    AT_COMMIT = 6


@dataclass(kw_only=True)
class Kill:
    """Which signal comes when the phase is entered, and so many seconds later."""

    phase: Phase
    seconds: float = 0.0
    number: int = signal.SIGKILL

    def send(self) -> None:
        if self.seconds:
            timer = threading.Timer(self.seconds, os.kill, (os.getpid(), self.number))
            timer.daemon = True
            timer.start()
        else:
            os.kill(os.getpid(), self.number)


class Watcher:
    """Follows a worker from statement to statement; installed as an `execute_wrapper`.

    While a request is under way the worker settles the one before and reads ahead: with that read its work is done, and
    its next statement has waited for Meta's answer.
    """

    def __init__(self, memory: mmap.mmap, kill: Kill | None) -> None:
        self.memory = memory
        self.kill = kill
        self.is_under_way = False
        self.has_read_ahead = False

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        self.enter(self.before())
        found = execute(sql, params, many, context)
        self.enter(self.after(sql, context["cursor"].rowcount))
        return found

    def before(self) -> Phase:
        if self.is_under_way and self.has_read_ahead:
            self.is_under_way = False
            return Phase.AFTER_ANSWER
        if self.phase is Phase.AT_COMMIT:
            return Phase.DURING_POST if self.is_under_way else Phase.AFTER_CLAIM
        return self.phase

    def after(self, sql: str, rows: int) -> Phase:
        if sql.startswith("SELECT") and "django_capi_event" in sql and "payload" in sql:
            self.has_read_ahead = self.is_under_way
            return Phase.DURING_POST if self.is_under_way else Phase.BEFORE_INTENT
        if sql.startswith("INSERT") and "django_capi_batch" in sql:
            self.is_under_way, self.has_read_ahead = True, False
            return Phase.DURING_POST
        if sql.startswith("UPDATE") and "django_capi_event" in sql and "batch_id" in sql:
            return Phase.DURING_SETTLE
        if self.phase is Phase.DURING_SETTLE and sql.startswith("UPDATE") and "django_capi_batch" in sql:
            return Phase.AT_COMMIT
        if self.phase is Phase.BEFORE_CLAIM and sql.startswith("UPDATE") and "fence" in sql and rows == 1:
            return Phase.AFTER_CLAIM
        return self.phase

    def enter(self, phase: Phase) -> None:
        if phase is self.phase:
            return
        self.memory[0] = phase
        if self.kill and self.kill.phase is phase:
            kill, self.kill = self.kill, None
            kill.send()

    @property
    def phase(self) -> Phase:
        return Phase(self.memory[0])
