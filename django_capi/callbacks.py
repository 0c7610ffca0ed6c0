"""Call the site's callables and signal receivers without breaking the caller's transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable
from inspect import iscoroutine
from typing import Any

from django.db import DatabaseError
from django.dispatch import Signal

from django_capi.database.savepoints import has_lost_transaction, savepoint_on_query

logger = logging.getLogger("django_capi")


class Failed(Exception):
    """The site's code raised. Only the error's class is named, as its message may hold personal data."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.kind = type(error)


class AsyncFunction(TypeError):
    """The site's function is async where an ordinary one is called."""


def call(hook: Callable[..., Any], *arguments: Any) -> Any:
    """Return what the callable returns. Raise Failed, or the database's error if the caller's transaction is lost."""
    try:
        with savepoint_on_query():
            return answer(hook, *arguments)
    except Exception as error:
        if has_lost_transaction(error):
            raise
        raise Failed(error) from None


def answer(hook: Callable[..., Any], *arguments: Any) -> Any:
    """Return what the callable returns. Raise AsyncFunction if it has to be awaited: a coroutine is always true."""
    found = hook(*arguments)
    if iscoroutine(found):
        found.close()
        raise AsyncFunction
    return found


def send_signal(signal: Signal, sender: Any, **named: Any) -> None:
    """Send a signal in the caller's transaction. An exception in a receiver is logged."""
    if not signal.has_listeners(sender):
        return
    try:
        with savepoint_on_query():
            signal.send_robust(sender, **named)
    except DatabaseError as error:
        if has_lost_transaction(error):
            raise
        logger.error("A signal's receiver failed: %s.", type(error).__name__)  # noqa: TRY400  # personal data
