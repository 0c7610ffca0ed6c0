"""Run synchronous code from async code to its end, even if the caller is cancelled."""

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
    """Like `sync_to_async`, but a cancelled caller does not cancel a call that has not begun yet."""
    task = asyncio.ensure_future(sync_to_async(function)(*args, **kwargs))
    running.add(task)
    task.add_done_callback(running.discard)
    return await asyncio.shield(task)


def asynchronous(function: Callable[P, Returned]) -> Callable[P, Coroutine[Any, Any, Returned]]:
    """The function as a coroutine function with the same signature."""

    @functools.wraps(function)
    async def coroutine_function(*args: P.args, **kwargs: P.kwargs) -> Returned:
        return await run_to_end(function, *args, **kwargs)

    return coroutine_function


def run_in_new_thread(function: Callable[[], object]) -> None:
    """Run the function where nothing can be awaited any more: in a coroutine that is being closed."""

    def run() -> None:
        try:
            function()
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    thread.join()
