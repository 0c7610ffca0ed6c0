"""Kill a worker, or fail its database, before one of its statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError

Interruption = Callable[[], object] | None


class Killed(BaseException):
    """A worker that was killed: none of its statements is executed any more."""


@dataclass(kw_only=True)
class Worker:
    """One, until something happens to it."""

    left: int  # statements
    interruption: Interruption
    requests: list[int] = field(default_factory=list)  # their numbers among all

    def before_statement(self, *, in_transaction: bool) -> None:
        """What is not the worker's own doing happens between two transactions, as on one connection it must."""
        self.left -= 1
        if self.left > 0 or self.interruption is None:
            return
        if self.interruption is die:
            die()
        if self.interruption is fail or not in_transaction:
            interruption, self.interruption = self.interruption, None
            interruption()


def die() -> None:
    raise Killed


def fail() -> None:
    raise OperationalError("deadlock")


@dataclass(kw_only=True)
class Statements:
    """All that are executed, as an `execute_wrapper` sees them."""

    count: int = 0
    looked: int = 0  # the last one that read events
    looks: list[int] = field(default_factory=list)  # of each request that was written down, the look before it
    workers: list[Worker] = field(default_factory=list)  # the last is at work, in the midst of the others' turns

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if self.workers:
            self.workers[-1].before_statement(in_transaction=context["connection"].in_atomic_block)
        self.count += 1
        if sql.startswith("SELECT") and "django_capi_event" in sql:
            self.looked = self.count
        found = execute(sql, params, many, context)
        if sql.startswith("INSERT") and "django_capi_batch" in sql:
            self.workers[-1].requests.append(len(self.looks))
            self.looks.append(self.looked)
        return found

    @contextmanager
    def interrupted(self, at: int, interruption: Interruption) -> Iterator[Worker]:
        """A worker's turn, in which this happens before that one of its statements."""
        worker = Worker(left=at, interruption=interruption)
        self.workers.append(worker)
        try:
            yield worker
        finally:
            self.workers.pop()
