"""Retry database work after deadlocks, serialization failures and lost connections.

Only the worker knows Meta's answer: if it gave up at the first error, the events would be sent again.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connections

from django_capi.conf import conf
from django_capi.database import savepoints
from django_capi.database.alias import using
from django_capi.database.conflicts import is_serialization_failure
from django_capi.database.transactions import is_open, on_commit

logger = logging.getLogger("django_capi")

PAUSES: Final = (0.05, 0.2, 0.5, 1.0, 2.0)  # seconds between attempts
SHORT_PAUSES: Final = (0.02, 0.1, 0.3)  # seconds at most, inside a request

P = ParamSpec("P")
R = TypeVar("R")


def retried(work: Callable[P, R]) -> Callable[P, R]:
    """Repeat the function after a deadlock, a lock timeout or a lost connection. It must be safe to repeat."""

    @wraps(work)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        until = time.monotonic() + conf.LEASE_SECONDS / 2
        for pause in PAUSES:
            try:
                return work(*args, **kwargs)
            except (InterfaceError, OperationalError):
                connection = connections[using()]
                # The caller's transaction is lost, or the lease will soon end.
                if is_open(connection) or time.monotonic() > until:
                    raise
                connection.close_if_unusable_or_obsolete()
                time.sleep(pause)
        return work(*args, **kwargs)

    return wrapped


def reconnecting(work: Callable[[], R]) -> R:
    """Do the work, and once more if the connection was lost outside a transaction. It must be safe to repeat."""
    try:
        return work()
    except (InterfaceError, OperationalError):
        connection = connections[using()]
        if is_open(connection) or (connection.connection and connection.is_usable()):
            raise
        connection.close()
        return work()


def defer_on_conflict(work: Callable[[], R], *, later: Callable[[], object]) -> R | None:
    """Do the work. If it conflicts with another transaction, call `later` after the caller's commit and return None.

    Under REPEATABLE READ and SERIALIZABLE a statement may fail because of other transactions. A savepoint keeps the
    caller's transaction usable; it commits, so what happened in it must be stored.
    """
    try:
        return work()
    except OperationalError as error:
        is_lost = savepoints.is_lost(connections[using()])
        if is_lost or not is_serialization_failure(error) or not on_commit(lambda: run_deferred(later), alias=using()):
            raise
    return None


def run_deferred(work: Callable[[], object]) -> None:
    """Do the work after the commit, where no caller can handle an exception: log it."""
    for pause in (*SHORT_PAUSES, None):
        try:
            work()
        except Exception as error:  # noqa: BLE001  # log the class only: the message may hold personal data
            if pause is None or not isinstance(error, OperationalError) or not is_serialization_failure(error):
                logger.error(  # noqa: TRY400
                    "After a conflict an event could not be stored after the commit either: %s.",
                    type(error).__name__,
                )
                return
            time.sleep(random.uniform(0, pause))  # noqa: S311  # jitter
        else:
            return
