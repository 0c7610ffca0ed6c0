"""A wish to store comes in, about something in another database than the ledger's; it is done after that one's commit.

No transaction holds both. Rolled back over there means no event here; a crash between the two commits loses one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

from django.db import connections, transaction

from django_capi.ledger.store import using

logger = logging.getLogger("django_capi")


def open_elsewhere() -> str | None:
    """The other database that this thread has a transaction open in, unless the ledger's has one as well."""
    opened = {found.alias for found in connections.all(initialized_only=True) if found.in_atomic_block}
    return None if using() in opened else next(iter(sorted(opened)), None)


def after_commit(alias: str | None, store: Callable[[], None]) -> None:
    """Call it now if that is the ledger's database or none, else once what is open there has been committed."""
    if alias is None or alias == using():
        store()
        return
    tell(alias, using())
    transaction.on_commit(store, using=alias, robust=True)


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
