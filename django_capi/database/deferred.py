"""Keep the ledger right beside transactions that are not its own: another database's, and one the site commits itself.

No transaction holds two databases, so what is about an object in another one is stored after that one's commit.
Rolled back over there means no event here; a crash between the two commits loses one.
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
    """The other database that this thread has a transaction open in, unless the ledger's has one as well."""
    opened = {found.alias for found in connections.all(initialized_only=True) if is_open(found)}
    return None if using() in opened else next(iter(sorted(opened)), None)


def after_commit(alias: str | None, store: Callable[[], None]) -> None:
    """Call it now if that is the ledger's database or none, else once what is open there has been committed.

    Where Django cannot see that commit it is called now: an event too many can be found, a lost one cannot.
    """
    if alias is None or alias == using():
        store()
        return
    tell(alias, using())
    if not on_commit(store, alias=alias):
        store()


@cache
def tell(alias: str, ledger_alias: str) -> None:
    """Once in a process: it is a matter of the settings."""
    logger.warning(
        "Objects are written to the database %r and the ledger to %r: no transaction holds both, and an event is "
        "stored after the commit. Let the database router send django_capi to %r.",
        alias,
        ledger_alias,
        alias,
    )


@contextmanager
def own_connection() -> Iterator[None]:
    """Commit each step, although the caller has turned autocommit off.

    A worker must know that its notes are committed before it sends: rolled back, they would be sent again with each
    pass. The caller's own transaction stays as it is, and what it has not committed is not sent.
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
