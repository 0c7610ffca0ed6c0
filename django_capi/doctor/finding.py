"""What one look at the installation came to: a name, a level, a sentence, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

GRAPH_SENDER = 'Write "SENDER": "graph", or remove the line.'


class Level(StrEnum):
    """FAIL: events are not delivered, or soon will not be. WARN: look at it."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line of the report. Neither text ever holds a token, an address of a person or an error's own words."""

    name: str
    level: Level
    text: str
    advice: str = ""


def ok(name: str, text: str) -> Finding:
    return Finding(name=name, level=Level.OK, text=text)


def warn(name: str, text: str, advice: str) -> Finding:
    return Finding(name=name, level=Level.WARN, text=text, advice=advice)


def fail(name: str, text: str, advice: str) -> Finding:
    return Finding(name=name, level=Level.FAIL, text=text, advice=advice)
