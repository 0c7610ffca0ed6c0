"""Retry database work after deadlocks, serialization failures and lost connections.

What Meta has answered is known to its worker and nobody else: one that dropped it would send the events again.
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

PAUSES: Final = (0.05, 0.2, 0.5, 1.0, 2.0)  # seconds before another try
SHORT_PAUSES: Final = (0.02, 0.1, 0.3)  # at most, in a request

P = ParamSpec("P")
R = TypeVar("R")


def insistent(work: Callable[P, R]) -> Callable[P, R]:
    """Try again after a deadlock, a lock waited for in vain, or a lost connection. The work may be repeated."""

    @wraps(work)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        until = time.monotonic() + conf.LEASE_SECONDS / 2
        for pause in PAUSES:
            try:
                return work(*args, **kwargs)
            except (InterfaceError, OperationalError):
                connection = connections[using()]
                # The caller's transaction is lost, and this with it; or the lane will soon be another's.
                if is_open(connection) or time.monotonic() > until:
                    raise
                connection.close_if_unusable_or_obsolete()
                time.sleep(pause)
        return work(*args, **kwargs)

    return wrapped


def serialized(work: Callable[[], R], *, later: Callable[[], object]) -> R | None:
    """Do the work; when it cannot be serialized with another transaction, `later` after the caller's commit.

    With REPEATABLE READ and SERIALIZABLE a statement may fail because of what others do, and a savepoint saves the
    caller's transaction. That commits, so what happened in it must not be lost. Returns None in that case.
    """
    try:
        return work()
    except OperationalError as error:
        is_lost = savepoints.is_lost(connections[using()])
        if is_lost or not is_serialization_failure(error) or not on_commit(lambda: repeat(later), alias=using()):
            raise
    return None


def repeat(work: Callable[[], object]) -> None:
    """After the commit there is no caller to tell: what goes wrong is logged."""
    for pause in (*SHORT_PAUSES, None):
        try:
            work()
        except Exception as error:  # noqa: BLE001  # its message may hold personal data
            if pause is None or not isinstance(error, OperationalError) or not is_serialization_failure(error):
                logger.error(  # noqa: TRY400
                    "What could not be stored in a transaction could not be stored after it: %s.", type(error).__name__
                )
                return
            time.sleep(random.uniform(0, pause))  # noqa: S311  # jitter
        else:
            return
