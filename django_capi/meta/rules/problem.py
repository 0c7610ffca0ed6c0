"""The shape of a rule about events, and of a problem it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    REFUSED = "refused"
    WARNED = "warned"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What is wrong with one event and what to do; names fields, never values."""

    field: str
    rule: str
    severity: Severity
    subcode: int | None
    advice: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A payload opened once for all the rules that look at it."""

    event: Mapping[str, Any]
    user: Mapping[str, Any]
    custom: Mapping[str, Any]
    source: object
    now: int


def is_one_of(closed: frozenset[Any], value: object) -> bool:
    """Membership for a value that may be any JSON, lists included."""
    return isinstance(value, str | int) and value in closed


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: `broken` says whether the event breaks it; `source` is who says that Meta minds."""

    name: str
    field: str
    severity: Severity
    subcode: int | None
    broken: Callable[[Seen], bool]
    advice: str
    source: str
