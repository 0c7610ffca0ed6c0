"""A piece of work comes in; it is done, though the database deadlocks or restarts meanwhile.

What Meta has answered is known to its worker and nobody else: one that dropped it would send the events again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connections

from django_capi.conf import conf
from django_capi.ledger.store import using
from django_capi.transactions import is_open

PAUSES: Final = (0.05, 0.2, 0.5, 1.0, 2.0)  # seconds before another try

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
