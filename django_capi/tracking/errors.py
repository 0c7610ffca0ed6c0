"""Keep tracking errors away from the site's request, and log why an event is not sent."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import SynchronousOnlyOperation
from django.dispatch import Signal

from django_capi.database import savepoints
from django_capi.meta.events import InvalidEvent
from django_capi.models import NotSent

logger = logging.getLogger("django_capi")

event_skipped = Signal()  # provides event_name, reason and advice; django_capi.testing listens


class Untracked(Exception):
    """The event is not sent, for a reason that is not an error. `advice` says what to write if it should be."""

    def __init__(
        self, reason: str, advice: str = "", *, is_mistake: bool = False, counts_as: NotSent | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice
        self.is_mistake = is_mistake  # in the code, and not a matter of this visitor
        self.counts_as = counts_as  # among the events of requests that were not tracked


@dataclass(frozen=True, slots=True)
class LogErrors:
    """Log and suppress errors. Usually only the class is logged, as the message may hold personal data.

    Two are raised: InvalidEvent under DEBUG, and the database's error when the caller's transaction is lost with it.
    """

    what: str

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        if isinstance(error, Untracked):
            log_reason(self.what, error)
            return True
        if (settings.DEBUG and isinstance(error, InvalidEvent)) or savepoints.has_lost_transaction(error):
            return False
        logger.error("%s could not be processed: %s", self.what, describe(error))
        event_skipped.send(LogErrors, event_name=self.what, reason=describe(error).removesuffix("."))
        return True


def log_reason(event_name: str, why: Untracked) -> None:
    """Log at INFO, as it may be intended; under DEBUG and for a mistake in the code at WARNING, with the advice."""
    if settings.DEBUG or why.is_mistake:
        logger.warning("%s is not sent: %s. %s", event_name, why.reason, why.advice)
    else:
        logger.info("%s is not sent: %s.", event_name, why.reason)
    event_skipped.send(LogErrors, event_name=event_name, reason=why.reason, advice=why.advice)


def describe(error: Exception) -> str:
    if isinstance(error, InvalidEvent):
        return f"{type(error).__name__}. {error}."  # names the field and the rule, never the value
    if isinstance(error, SynchronousOnlyOperation):
        return f"{type(error).__name__}. In async code write: await atrack(…)."
    return f"{type(error).__name__}."
