"""A running installation comes in; findings for `manage.py capi_doctor` go out.

Unlike the system checks these looks touch the database, the broker and the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from django_capi.doctor import broker, clocks, conversions, database, egress, pixels, settings, storage, worker
from django_capi.doctor.finding import Finding, Level, fail, warn

__all__ = ["Finding", "Level", "examine"]

Look = Callable[[], Iterator[Finding]]

ABOUT_THE_LEDGER: Final[Mapping[str, Look]] = {
    "storage": storage.examine,
    "database clock": clocks.look,
    "conversions": conversions.look,
    "backlog": worker.look_at_backlog,
    "worker": worker.look,
}


def examine(*, test_event_code: str = "", may_send: bool = True) -> Iterator[Finding]:
    """Look at everything, in the order in which an event travels. Never raises."""
    yield from looked("settings", settings.look)
    is_stored = True
    for finding in looked("database", database.look):
        is_stored = is_stored and finding.level is not Level.FAIL
        yield finding
    for name, look in ABOUT_THE_LEDGER.items():
        yield from looked(name, look) if is_stored else [unseen(name)]
    yield from looked("broker", broker.look)
    yield from looked("egress", egress.look)
    yield from looked("test event", lambda: pixels.look(test_event_code=test_event_code, may_send=may_send))


def looked(name: str, look: Look) -> Iterator[Finding]:
    """What a look found; one that breaks off is a finding itself."""
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001  # whatever is broken, the report has to be finished
        # The text of an error may hold a password of an address, so only its kind is told.
        yield fail(name, f"This could not be looked at: {type(error).__name__}.", "Mend what is named above first.")


def unseen(name: str) -> Finding:
    return warn(name, "Not looked at, for the ledger's database cannot be used.", "Mend the database first.")
