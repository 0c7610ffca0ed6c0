"""What `capi_doctor` reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

GRAPH_SENDER = 'Write "SENDER": "graph", or remove the line.'
# The names of all findings, in the order of the report. Programs that read the report compare them.
NAMES: Final = (
    "settings", "database", "migrations", "sqlite", "databases", "storage", "sequences", "sql_mode", "character set",
    "database clock", "conversions", "backlog", "pause", "worker", "diagnostics", "digest", "broker", "egress", "clock",
    "test event",
)  # fmt: skip


class Level(StrEnum):
    """FAIL: events are not delivered, or soon will not be. WARN: should be checked."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line of the report. It never contains a token, personal data or the message of an exception."""

    name: str
    level: Level
    message: str
    advice: str = ""


def ok(name: str, message: str) -> Finding:
    return Finding(name=name, level=Level.OK, message=message)


def warn(name: str, message: str, advice: str) -> Finding:
    return Finding(name=name, level=Level.WARN, message=message, advice=advice)


def fail(name: str, message: str, advice: str) -> Finding:
    return Finding(name=name, level=Level.FAIL, message=message, advice=advice)


def counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
