"""A body comes in; the answer goes out later: a request travels in a thread of its own, the ledger is free meanwhile.

The thread touches no database. Each worker's thread has one courier, so that a pixel's requests share a connection.
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
    """When no thread can be had, it travels in this one: its intent is written down already."""
    try:
        return courier().submit(carry, sender, pixel, body)
    except RuntimeError:  # no more threads, or the interpreter is going down
        del _local.executor, _local.pid  # its queue may hold the body, and must never send it later
    done: Future[Answer] = Future()
    done.set_result(carry(sender, pixel, body))
    return done


def carry(sender: Client, pixel: Pixel, body: str) -> Answer:
    """Whatever a sender raises becomes an answer: Meta may have the events, and no other pixel must wait for them.

    Only the exception's class goes on. Its frames may hold the token, and error reporters show their variables.
    """
    try:
        return sender.post(pixel, body)
    except Exception as error:  # noqa: BLE001  # a sender's own fault, of whatever kind
        return Answer(verdict=verdicts.broken(error=type(error).__name__, sent=True))


def courier() -> ThreadPoolExecutor:
    """This thread's own; a forked child makes another, for threads do not survive a fork."""
    if getattr(_local, "pid", None) != os.getpid():
        _local.executor = ThreadPoolExecutor(1, thread_name_prefix="capi-courier")
        _local.pid = os.getpid()
    found: ThreadPoolExecutor = _local.executor
    return found
