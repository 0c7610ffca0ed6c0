"""Examine a running installation for `manage.py capi_doctor`.

Unlike the system checks, these use the database, the broker and the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from django_capi.doctor import (
    broker,
    clocks,
    conversions,
    database,
    diagnostics,
    digest,
    egress,
    pixels,
    settings,
    storage,
    worker,
)
from django_capi.doctor.finding import NAMES, Finding, Level, fail, warn

__all__ = ["NAMES", "Finding", "Level", "examine", "examine_without_network"]

Examination = Callable[[], Iterator[Finding]]

OF_THE_LEDGER: Final[Mapping[str, Examination]] = {
    "storage": storage.examine,
    "database clock": clocks.examine,
    "conversions": conversions.examine,
    "backlog": worker.examine_backlog,
    "worker": worker.examine,
    "diagnostics": diagnostics.examine,
    "digest": digest.examine,
}


def examine(*, test_event_code: str = "", may_send: bool = True) -> Iterator[Finding]:
    """Examine everything, in the order of an event's path. Never raises."""
    yield from examine_without_network()
    yield from findings_of("broker", broker.examine)
    yield from findings_of("egress", egress.examine)
    yield from findings_of("test event", lambda: pixels.examine(test_event_code=test_event_code, may_send=may_send))


def examine_without_network() -> Iterator[Finding]:
    """Examine the settings and the ledger, without the broker and Meta. Never raises."""
    yield from findings_of("settings", settings.examine)
    is_stored = True
    for finding in findings_of("database", database.examine):
        is_stored = is_stored and finding.level is not Level.FAIL
        yield finding
    for name, examination in OF_THE_LEDGER.items():
        yield from findings_of(name, examination) if is_stored else [unchecked(name)]


def findings_of(name: str, examination: Examination) -> Iterator[Finding]:
    """Yield the findings of an examination. An exception in it is a finding as well."""
    try:
        yield from examination()
    except Exception as error:  # noqa: BLE001  # the report must be completed
        # The message of an error may contain a password, so only its class is named.
        yield fail(name, f"This check failed: {type(error).__name__}.", "Fix the problems above first.")


def unchecked(name: str) -> Finding:
    return warn(name, "Not checked, because the ledger's database cannot be used.", "Fix the database first.")
