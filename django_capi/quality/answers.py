"""Read the answers of the Dataset Quality API: each value by its type and size, whatever else Meta may send."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django_capi.meta.personal import holds_contact_data, holds_phone_number

MOST_EVENTS: Final = 100
MOST_ENTRIES: Final = 40  # of a list within an event
LONGEST_NAME: Final = 50  # of an event, as in the ledger
LONGEST_WORD: Final = 32
LONGEST_TITLE: Final = 200
LONGEST_TEXT: Final = 1000
HIGHEST_SCORE: Final = 10
HIGHEST_SHARE: Final = 100  # percent
HIGHEST_INCREASE: Final = 100_000  # percent
MOST_COUNTED: Final = 2**53  # JSON's whole numbers are exact up to here

Raw = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyCoverage:
    """How many events, in percent, carry a key of customer information; the key in Meta's words."""

    identifier: str
    coverage: float


@dataclass(frozen=True, kw_only=True, slots=True)
class DedupeKey:
    """How many events of either channel, in percent, carry a key, and how many browser events it pairs."""

    dedupe_key: str
    browser: float | None
    server: float | None
    coverage: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MetaDiagnostic:
    """A finding of Meta's, in its own words."""

    name: str
    description: str
    solution: str
    percentage: float | None
    affected: int | None
    total: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EventQuality:
    """What Meta says of one event name."""

    event_name: str
    composite_score: float | None
    match_keys: tuple[KeyCoverage, ...]
    event_coverage: float | None
    coverage_goal: float | None
    dedupe_keys: tuple[DedupeKey, ...]
    upload_frequency: str
    acr: float | None
    diagnostics: tuple[MetaDiagnostic, ...]


def events_in(body: str) -> dict[str, Raw] | None:
    """Return the part of each event name in an answer. None if the answer has an unknown form."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    found = document.get("web") if isinstance(document, dict) else None
    if not isinstance(found, list):
        return None
    named: dict[str, Raw] = {
        event_name(each.get("event_name")): each for each in found[:MOST_EVENTS] if isinstance(each, dict)
    }
    named.pop("", None)
    return named


def event_name(value: object) -> str:
    """Return a name that the ledger could have; empty for any other."""
    is_name = isinstance(value, str) and len(value) <= LONGEST_NAME and value.isprintable()
    return text(value, LONGEST_NAME) if is_name else ""


def quality_of(name: str, raw: Raw) -> EventQuality:
    """Read the figures of one event name. A value of another type or size is as good as missing."""
    quality = part(raw, "event_match_quality")
    coverage = part(raw, "event_coverage")
    dedupe = entries(raw, "dedupe_key_feedback") or entries(raw, "dedup_key_feedback")
    return EventQuality(
        event_name=name,
        composite_score=number(quality.get("composite_score"), HIGHEST_SCORE),
        match_keys=tuple(match_keys(quality)),
        event_coverage=number(coverage.get("percentage"), HIGHEST_SHARE),
        coverage_goal=number(coverage.get("goal_percentage"), HIGHEST_SHARE),
        dedupe_keys=tuple(dedupe_key(each) for each in dedupe if text(each.get("dedupe_key"), LONGEST_WORD)),
        upload_frequency=text(part(raw, "data_freshness").get("upload_frequency"), LONGEST_WORD),
        acr=number(part(raw, "acr").get("percentage"), HIGHEST_INCREASE),
        diagnostics=tuple(diagnostic(each) for each in entries(quality, "diagnostics")),
    )


def match_keys(quality: Raw) -> Iterator[KeyCoverage]:
    for each in entries(quality, "match_key_feedback"):
        identifier = text(each.get("identifier"), LONGEST_WORD)
        coverage = percentage(each, "coverage")
        if identifier and coverage is not None:
            yield KeyCoverage(identifier=identifier, coverage=coverage)


def dedupe_key(raw: Raw) -> DedupeKey:
    return DedupeKey(
        dedupe_key=text(raw.get("dedupe_key"), LONGEST_WORD),
        browser=percentage(raw, "browser_events_with_dedupe_key"),
        server=percentage(raw, "server_events_with_dedupe_key"),
        coverage=percentage(raw, "overall_browser_coverage_from_dedupe_key"),
    )


def diagnostic(raw: Raw) -> MetaDiagnostic:
    return MetaDiagnostic(
        name=text(raw.get("name"), LONGEST_TITLE),
        description=text(raw.get("description"), LONGEST_TEXT),
        solution=text(raw.get("solution"), LONGEST_TEXT),
        percentage=number(raw.get("percentage"), HIGHEST_SHARE),
        affected=whole(raw.get("affected_event_count")),
        total=whole(raw.get("total_event_count")),
    )


def part(raw: Raw, name: str) -> Raw:
    found = raw.get(name)
    return found if isinstance(found, dict) else {}


def entries(raw: Raw, name: str) -> list[Raw]:
    found = raw.get(name)
    return [each for each in found[:MOST_ENTRIES] if isinstance(each, dict)] if isinstance(found, list) else []


def percentage(raw: Raw, name: str) -> float | None:
    return number(part(raw, name).get("percentage"), HIGHEST_SHARE)


def number(value: object, highest: float) -> float | None:
    """Return a number from 0 to the highest one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= highest:
        return None
    return float(value) if math.isfinite(value) else None


def whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MOST_COUNTED else None


def text(value: object, longest: int) -> str:
    """Return a string that any database stores, in one line; empty if it is none or contains contact data."""
    if not isinstance(value, str):
        return ""
    printable = "".join(sign if sign.isprintable() else " " for sign in value[:longest])
    return "" if holds_contact_data(printable) or holds_phone_number(printable) else " ".join(printable.split())
