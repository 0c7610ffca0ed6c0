"""Check that this machine's clock agrees with other clocks.

Events carry this machine's time, leases and due times the database's, and Meta refuses a time that is ahead of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.db import connections

from django_capi.database.alias import using
from django_capi.doctor.finding import Finding, fail, ok, warn

NAME = "database clock"
ADVICE = "Keep the machines' clocks in step, with chrony or systemd-timesyncd."
NOTICED = 5.0  # seconds; the network and a header in whole seconds explain two
HARMFUL = 60.0  # seconds; events are due a minute late, or in Meta's future

# Seconds since 1970, by the database. SQLite has no clock of its own.
NOW = {
    "postgresql": "SELECT EXTRACT(EPOCH FROM clock_timestamp())",
    "mysql": "SELECT UNIX_TIMESTAMP(NOW(6))",
}


def examine() -> Iterator[Finding]:
    connection = connections[using()]
    if connection.vendor not in NOW:
        yield ok(NAME, f"{connection.display_name} has no clock of its own.")
        return
    before = time.time()
    with connection.cursor() as cursor:
        cursor.execute(NOW[connection.vendor])
        theirs = float(cursor.fetchone()[0])
    yield compared(NAME, ahead=(before + time.time()) / 2 - theirs, whose="the database")


def compared(name: str, *, ahead: float, whose: str) -> Finding:
    """Judge a difference of `ahead` seconds between this machine's clock and the other."""
    side = "ahead of" if ahead > 0 else "behind"
    text = f"This machine's clock is {abs(ahead):.0f} seconds {side} the one of {whose}."
    if abs(ahead) < NOTICED:
        return ok(name, f"This machine and {whose} agree on the time.")
    return (fail if abs(ahead) >= HARMFUL else warn)(name, text, ADVICE)
