"""The types of a rule and of the problem that it reports."""

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
    """What is wrong with an event and how to fix it; names fields, never values."""

    field: str
    rule: str
    severity: Severity
    subcode: int | None
    advice: str


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a payload that the rules check."""

    event: Mapping[str, Any]
    user: Mapping[str, Any]
    custom: Mapping[str, Any]
    source: object
    now: int


def is_one_of(closed: frozenset[Any], value: object) -> bool:
    """Whether the value, which may be any JSON, is in the set."""
    return isinstance(value, str | int) and value in closed


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `broken` says whether an event breaks it; `source` is where Meta or experience says so."""

    name: str
    field: str
    severity: Severity
    subcode: int | None
    broken: Callable[[Parts], bool]
    advice: str
    source: str
