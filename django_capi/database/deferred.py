"""Defer storing until the caller's other database has committed.

No transaction spans two databases, so an event about an object in another database is stored after that database's
commit. A rollback there means no event here; a crash between the two commits loses the event.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from django.db import connections

from django_capi.database.alias import using
from django_capi.database.transactions import is_manual, is_open, on_commit

logger = logging.getLogger("django_capi")


def open_elsewhere() -> str | None:
    """Return another database in which this thread has a transaction open, unless the ledger's has one as well."""
    opened = {found.alias for found in connections.all(initialized_only=True) if is_open(found)}
    return None if using() in opened else next(iter(sorted(opened)), None)


def after_commit(alias: str | None, store: Callable[[], None]) -> None:
    """Call `store` now if `alias` is the ledger's database or None, otherwise after the commit in that database.

    Where Django cannot see the commit, call it now: an event too many can be found later, a lost one cannot.
    """
    if alias is None or alias == using():
        store()
        return
    warn_of_two_databases(alias, using())
    if not on_commit(store, alias=alias):
        store()


@cache
def warn_of_two_databases(alias: str, ledger_alias: str) -> None:
    """Warn once per process, as the settings are the cause."""
    logger.warning(
        "Objects are written to the database %r and the ledger to %r: no transaction holds both, and an event is "
        "stored after the commit. Let the database router send django_capi to %r.",
        alias,
        ledger_alias,
        alias,
    )


@contextmanager
def own_connection() -> Iterator[None]:
    """Use a connection with autocommit, although the caller has turned it off.

    A worker must commit its intent before it sends. The caller's own transaction stays as it is, and events that it has
    not committed are not sent.
    """
    alias = using()
    before = connections[alias]
    if not is_manual(before):
        yield
        return
    own = before.copy()
    own.settings_dict["AUTOCOMMIT"] = True
    connections[alias] = own
    try:
        yield
    finally:
        own.close()
        connections[alias] = before
