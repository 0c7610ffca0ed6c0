"""What Meta would say of the quality of one dataset's web events, from the copies of the last seven days.

Coverage, keys and freshness are counted. How Meta computes its match quality score is not public: the score here grows
with the keys that events carry, and is no model of Meta's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from example_project.standin.seen import BrowserEvent, Seen, ServerEvent

Event = ServerEvent | BrowserEvent

DAYS = 7 * 86_400
COVERAGE_GOAL = 75
MOST_EVENTS = 20_000  # the newest of either channel
NAMES = {
    "em": "email",
    "ph": "phone",
    "fn": "first_name",
    "ln": "last_name",
    "ge": "gender",
    "db": "date_of_birth",
    "ct": "city",
    "st": "state",
    "zp": "zip_code",
    "country": "country",
    "external_id": "external_id",
    "client_ip_address": "ip_address",
    "client_user_agent": "user_agent",
    "fbp": "fbp",
    "fbc": "fbc",
}
WEIGHTS = {"email": 3.0, "phone": 2.0, "external_id": 1.5, "fbc": 1.5, "fbp": 1.0, "ip_address": 0.5, "user_agent": 0.5}
FREQUENCIES = ((300, "real_time"), (3_600, "hourly"), (86_400, "daily"))
FEW_EMAILS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """One copy of an event, with the keys by which Meta deduplicates."""

    event_id: str | None
    external_id: str | None
    fbp: str | None


DEDUPE_KEYS: dict[str, Callable[[Copy], str | None]] = {
    "event_id": lambda copy: copy.event_id,
    "external_id": lambda copy: copy.external_id,
    "fbp": lambda copy: copy.fbp,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """The server events of one name: their copies, their customer information, and how late each was."""

    copies: list[Copy]
    users: list[dict[str, Any]]
    delays: list[float]


def first_seen(seen: Seen, pixel: str) -> float | None:
    """Return when the first event of the dataset was received."""
    copies: list[Event] = [*seen.server_events(), *seen.browser_events()]
    return min((copy.received_at for copy in copies if copy.pixel == pixel), default=None)


def measured(seen: Seen, *, pixel: str, now: float) -> list[dict[str, Any]]:
    """Return what is said of each event name, in order. Test events do not count."""

    def counts(copy: Event) -> bool:
        return copy.pixel == pixel and copy.received_at > now - DAYS

    server = [copy for copy in seen.server_events()[-MOST_EVENTS:] if counts(copy) and not copy.test_event_code]
    browser = [copy for copy in seen.browser_events()[-MOST_EVENTS:] if counts(copy)]
    names = {copy.event_name for copy in server} | {copy.event_name for copy in browser}
    return [
        said_of(
            name,
            sent_of([copy for copy in server if copy.event_name == name]),
            [browser_copy(copy) for copy in browser if copy.event_name == name],
        )
        for name in sorted(names)
    ]


def sent_of(events: Iterable[ServerEvent]) -> Sent:
    sent = Sent(copies=[], users=[], delays=[])
    for event in events:
        user = json.loads(event.event).get("user_data") or {}
        sent.users.append(user)
        sent.copies.append(
            Copy(event_id=event.event_id, external_id=first(user.get("external_id")), fbp=first(user.get("fbp")))
        )
        sent.delays.append(event.received_at - event.event_time)
    return sent


def browser_copy(event: BrowserEvent) -> Copy:
    return Copy(event_id=event.event_id, external_id=first(event.user_data.get("external_id")), fbp=event.fbp)


def first(value: object) -> str | None:
    """Return the only or the first value of a key that may have several."""
    found = value[0] if isinstance(value, list) and value else value
    return found if isinstance(found, str) and found else None


def said_of(name: str, sent: Sent, browser: Sequence[Copy]) -> dict[str, Any]:
    said: dict[str, Any] = {"event_name": name}
    if sent.copies:
        keys = shares_of_keys(sent.users)
        said["event_match_quality"] = {
            "composite_score": score(keys),
            "match_key_feedback": [
                {"identifier": key, "coverage": {"percentage": share}} for key, share in keys.items()
            ],
            "diagnostics": diagnostics(keys, len(sent.copies)),
        }
        said["data_freshness"] = {"upload_frequency": frequency(sent.delays), "description": "Frequenza di invio"}
        said["acr"] = {"percentage": additional(sent.copies, browser), "description": "Conversioni aggiuntive"}
    if browser:
        covered = shared(sent.copies, browser, DEDUPE_KEYS["event_id"])
        said["event_coverage"] = {
            "percentage": percent(covered, len(browser)),
            "goal_percentage": COVERAGE_GOAL,
            "description": "Copertura degli eventi",
        }
        said["dedupe_key_feedback"] = dedupe_keys(sent.copies, browser)
    return said


def shares_of_keys(users: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return for each key that any event carries the share of events that do."""
    counts = {name: sum(bool(user.get(key)) for user in users) for key, name in NAMES.items()}
    return {name: percent(count, len(users)) for name, count in counts.items() if count}


def score(keys: dict[str, float]) -> float:
    return round(min(10.0, sum(WEIGHTS.get(key, 0.25) * share / 100 for key, share in keys.items())), 1)


def diagnostics(keys: dict[str, float], events: int) -> list[dict[str, Any]]:
    """One finding: few events have an email address. The words are in the language of the token's owner."""
    share = keys.get("email", 0.0)
    if share >= FEW_EMAILS:
        return []
    without = round(events * (100 - share) / 100)
    return [
        {
            "name": "Pochi eventi con indirizzo e-mail",
            "description": "La maggior parte degli eventi non contiene l'indirizzo e-mail & non si abbina bene.",
            "solution": "Invia l'indirizzo e-mail <hash> con ogni evento.",
            "percentage": percent(without, events),
            "affected_event_count": without,
            "total_event_count": events,
        }
    ]


def frequency(delays: Sequence[float]) -> str:
    mean = sum(delays) / len(delays)
    return next((name for limit, name in FREQUENCIES if mean <= limit), "weekly")


def additional(server: Sequence[Copy], browser: Sequence[Copy]) -> float:
    """Return the events that only the server reported, as a share of all."""
    known = {copy.event_id for copy in browser}
    only = sum(copy.event_id not in known for copy in server)
    return percent(only, only + len(browser))


def shared(server: Sequence[Copy], browser: Sequence[Copy], key: Callable[[Copy], str | None]) -> int:
    known = {key(copy) for copy in server} - {None}
    return sum(key(copy) in known for copy in browser)


def dedupe_keys(server: Sequence[Copy], browser: Sequence[Copy]) -> list[dict[str, Any]]:
    """Each key covers what the keys before it have left."""
    left = list(browser)
    found = []
    for name, key in DEDUPE_KEYS.items():
        known = {key(copy) for copy in server} - {None}
        rest = [copy for copy in left if key(copy) not in known]
        covered, left = len(left) - len(rest), rest
        figures = {
            "browser_events_with_dedupe_key": percent(sum(map(bool, map(key, browser))), len(browser)),
            "server_events_with_dedupe_key": percent(sum(map(bool, map(key, server))), len(server)),
            "overall_browser_coverage_from_dedupe_key": percent(covered, len(browser)),
        }
        found.append({"dedupe_key": name, **{each: {"percentage": value} for each, value in figures.items()}})
    return found


def percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
