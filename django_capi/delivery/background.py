"""Send in a background thread while the worker uses the database.

The background thread makes no query. Each worker thread has one of its own, so that a pixel's requests share a
connection.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from django_capi.conf import Pixel
from django_capi.delivery.client import Answer, Client
from django_capi.meta import verdicts

_local = threading.local()


def dispatch(sender: Client, pixel: Pixel, body: str) -> Future[Answer]:
    """Start the request, and return the future answer. Without a free thread the request is sent before returning."""
    try:
        return executor().submit(post, sender, pixel, body)
    except RuntimeError:  # no more threads, or the interpreter is shutting down
        del _local.executor, _local.pid  # its queue may hold the body, which must not be sent twice
    done: Future[Answer] = Future()
    done.set_result(post(sender, pixel, body))
    return done


def post(sender: Client, pixel: Pixel, body: str) -> Answer:
    """Turn any exception of the sender into an answer, as Meta may have the events and other pixels must go on.

    Only the name of the exception's class is kept: its frames may hold the token, and error reporters show variables.
    """
    try:
        return sender.post(pixel, body)
    except Exception as error:  # noqa: BLE001  # a sender may raise anything
        return Answer(verdict=verdicts.broken(error=type(error).__name__, sent=True))


def executor() -> ThreadPoolExecutor:
    """Return this thread's executor. A forked child makes a new one, as threads do not survive a fork."""
    if getattr(_local, "pid", None) != os.getpid():
        _local.executor = ThreadPoolExecutor(1, thread_name_prefix="capi-sender")
        _local.pid = os.getpid()
    found: ThreadPoolExecutor = _local.executor
    return found
