"""Run synchronous code from async code to its end, also when the caller is cancelled."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

P = ParamSpec("P")
Returned = TypeVar("Returned")

running: set[asyncio.Task[Any]] = set()  # the event loop itself keeps weak references only


async def run_to_end(function: Callable[P, Returned], *args: P.args, **kwargs: P.kwargs) -> Returned:
    """`sync_to_async`, except that a cancelled caller does not cancel what has not begun yet."""
    task = asyncio.ensure_future(sync_to_async(function)(*args, **kwargs))
    running.add(task)
    task.add_done_callback(running.discard)
    return await asyncio.shield(task)


def asynchronous(function: Callable[P, Returned]) -> Callable[P, Coroutine[Any, Any, Returned]]:
    """The async twin of a function, with the same signature."""

    @functools.wraps(function)
    async def twin(*args: P.args, **kwargs: P.kwargs) -> Returned:
        return await run_to_end(function, *args, **kwargs)

    return twin


def run_in_new_thread(function: Callable[[], object]) -> None:
    """For a coroutine that is being closed, which can no longer await anything."""

    def run() -> None:
        try:
            function()
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    thread.join()
