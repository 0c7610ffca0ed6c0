"""Stop a command that runs until it receives a signal."""

from __future__ import annotations

import time
from typing import Final

__all__ = ["Stop"]

STEP: Final = 0.1  # seconds


class Stop:
    """Whether a signal has asked the process to end.

    A handler of signals may not set a `threading.Event`: it runs in the thread that waits, which may hold the event's
    lock at that moment, and would wait for itself.
    """

    def __init__(self) -> None:
        self._is_set = False

    def set(self, *_: object) -> None:
        self._is_set = True

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Wait until it is set, for `seconds` at most. Return whether it is set."""
        until = time.monotonic() + seconds
        while not self._is_set and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, STEP))
        return self._is_set
