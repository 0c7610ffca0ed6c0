"""Store checked events in the caller's transaction.

A row holds its event as finished JSON, which sending only joins, so that a retry sends the same bytes.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop

from django_capi import callbacks, signals
from django_capi.conf import Pixel
from django_capi.consent import Consent
from django_capi.database.alias import using
from django_capi.ledger import precedence
from django_capi.ledger.browsers import family_of
from django_capi.ledger.insert import insert
from django_capi.meta import events, rules, wire
from django_capi.models import MATCH_KEYS, BrowserState, Event, MatchKey, Origin, Rank, Status
from django_capi.requests.pages import page_of

logger = logging.getLogger("django_capi")

# Meta refuses a whole request for one event past the limit, so the last hour is not used.
AGE_LIMIT = {events.ActionSource.PHYSICAL_STORE: timedelta(days=62)}
DEFAULT_AGE_LIMIT = timedelta(days=7)
AGE_MARGIN = timedelta(hours=1)
HELD = datetime(9000, 1, 1, tzinfo=UTC)  # due_at of a draft
# Meta drops the second copy for this long after it received the first. The last hour is not used here either.
DEDUPLICATION_WINDOW = timedelta(hours=48)
DUPLICATE_WINDOW = DEDUPLICATION_WINDOW - AGE_MARGIN
NO_MONEY: Final[Mapping[str, Any]] = {"value": None, "currency": None}
VALUE_LIMIT: Final = Decimal(10) ** 12  # SQLite stores the sums of the figures as 64-bit floats
VALUE_STEP: Final = Decimal("0.0001")
WITHDRAWN: Final[Mapping[str, Any]] = {
    "status": Status.WITHDRAWN,
    "error_reason": gettext_noop("The visitor withdrew consent."),
    "payload": "",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class EventEntry:
    """An event, with what else its row holds."""

    event: events.Event
    consent: Consent
    origin: Origin
    object_ref: str = ""
    left_out: tuple[str, ...] = ()
    browser_state: BrowserState = BrowserState.NONE
    is_draft: bool = False  # completed after the commit: see ledger.drafts
    decided_at: datetime = field(default_factory=timezone.now)  # when consent was decided, by this machine's clock
    is_withdrawn: bool = False  # consent was withdrawn since it was decided
    test_event_code: str = ""  # of this visitor; empty: that of the pixel


def store(entries: Sequence[EventEntry], pixels: Iterable[Pixel]) -> list[Event]:
    """Store the events with one INSERT, a row per pixel. Existing rows stay as they are.

    A savepoint keeps the caller's transaction usable if the INSERT fails.
    """
    now = timezone.now()
    targets = list(pixels)
    rows = [row for entry in entries for row in rows_of(entry, targets, now)]
    if not rows:
        return rows
    if not insert(rows, alias=using()):
        precedence.store_own(rows, alias=using())
    for pixel in targets:
        names = [(row.event_name, row.event_id) for row in rows if row.pixel_id == pixel.pixel_id]
        callbacks.send_signal(signals.events_stored, Event, pixel_id=pixel.pixel_id, events=names)
    return rows


def present(event_ids: Iterable[str]) -> set[str]:
    """Return the ids that the ledger holds, as this transaction sees it."""
    rows = Event.objects.using(using()).filter(event_id__in=list(event_ids))
    return set(rows.values_list("event_id", flat=True))


def rows_of(entry: EventEntry, pixels: Sequence[Pixel], now: datetime) -> list[Event]:
    """Return the rows of an entry, one per pixel. What they share is computed once."""
    payload = entry.event.payload()
    shared = columns(entry, payload, now)
    refusal = None if entry.is_draft or entry.is_withdrawn else refused(payload, now)
    rows = [
        Event(pixel_id=pixel.pixel_id, test_event_code=entry.test_event_code or pixel.test_event_code, **shared)
        for pixel in pixels
    ]
    for row in rows:
        if refusal:
            refuse(row, refusal, now)
        if entry.browser_state:
            add_receipt(row, entry.browser_state, now)
    return rows


def refused(payload: Mapping[str, wire.JSON], now: datetime) -> rules.Problem | None:
    """Return and log the first reason why Meta would refuse the event, and its whole request with it."""
    problem = rules.refusal(payload, now=int(now.timestamp()))
    if problem:
        name, event_id = payload["event_name"], payload.get("event_id")
        logger.warning("%s %s is not sent: %s %s. %s", name, event_id, problem.field, problem.rule, problem.advice)
    return problem


def columns(entry: EventEntry, payload: Mapping[str, wire.JSON], now: datetime) -> dict[str, Any]:
    user_data = payload["user_data"] if isinstance(payload["user_data"], Mapping) else {}
    found = {
        "event_name": entry.event.event_name,
        "event_id": entry.event.event_id or "",
        "event_time": entry.event.event_time,
        "action_source": str(entry.event.action_source),
        "origin": entry.origin,
        "object_ref": entry.object_ref,
        "consent": entry.consent,
        "consented_at": entry.decided_at,
        **money(payload.get("custom_data")),
        "page": page_of(entry.event.event_source_url),
        "browser_family": family_of(str(user_data.get("client_user_agent") or "")),
        "created_at": now,
        "rank": rank_of(entry),
        "due_at": HELD if entry.is_draft else now,
        "deadline": deadline(entry.event),
        "payload": wire.dumps(payload),
        "match_keys": match_keys(user_data),
        "left_out": " ".join(entry.left_out)[:250],
        "server_fbp": digest(user_data.get("fbp")),
        "server_external_id": digest(user_data.get("external_id")),
        "server_ip": trace_of(user_data.get("client_ip_address")),
        "server_ip_version": version_of(user_data.get("client_ip_address")),
    }
    return {**found, **WITHDRAWN, "finished_at": now} if entry.is_withdrawn else found


def money(custom_data: object) -> Mapping[str, Any]:
    """Return the columns of the event's value: none unless it is a number in a currency, and fits the column."""
    found = custom_data if isinstance(custom_data, Mapping) else {}
    value, currency = found.get("value"), found.get("currency")
    if not isinstance(value, int | float | Decimal) or not is_currency(currency):
        return NO_MONEY
    exact = stored_value(value)
    return NO_MONEY if exact is None else {"value": exact, "currency": currency}


def stored_value(number: float | Decimal | str) -> Decimal | None:
    """Return the number as the columns of values hold it; None if it does not fit."""
    exact = Decimal(str(number))
    return exact.quantize(VALUE_STEP) if exact.is_finite() and abs(exact) < VALUE_LIMIT else None


def is_currency(code: object) -> bool:
    return isinstance(code, str) and len(code) == 3 and code.isascii() and code.isupper()


def rank_of(entry: EventEntry) -> Rank:
    if entry.origin is Origin.BROWSER:
        return Rank.MIRRORED
    return Rank.PAGE_VIEW if entry.event.event_name == events.PAGE_VIEW else Rank.FIRST


def refuse(made: Event, problem: rules.Problem, now: datetime) -> None:
    for column, value in refusal_columns(problem, now).items():
        setattr(made, column, value)


def refusal_columns(problem: rules.Problem, now: datetime) -> dict[str, Any]:
    return {
        "status": Status.REJECTED,
        "finished_at": now,
        "error_subcode": problem.subcode,
        "error_reason": f"{problem.field}: {problem.advice}"[:250],
    }


def add_receipt(made: Event, state: BrowserState, now: datetime) -> None:
    """Record the browser copy in the new row of an event that the browser reported."""
    made.browser_state = state
    made.browser_at = now
    made.browser_count = 1
    made.browser_fbp = made.server_fbp
    made.browser_external_id = made.server_external_id
    if state is BrowserState.FIRED:  # from the event's time, as the report may come later
        made.deadline = min(made.deadline, datetime.fromtimestamp(made.event_time, UTC) + DUPLICATE_WINDOW)


def deadline(event: events.Event) -> datetime:
    return deadline_of(event.action_source, event.event_time)


def deadline_of(action_source: str, event_time: int) -> datetime:
    """Return the time until which Meta accepts an event of this time (Unix seconds)."""
    limit = AGE_LIMIT.get(events.ActionSource(action_source), DEFAULT_AGE_LIMIT)
    return datetime.fromtimestamp(event_time, UTC) + limit - AGE_MARGIN


def match_keys(user_data: Mapping[str, object]) -> int:
    """Return which match keys the event carries, as bits."""
    return int(sum(MatchKey[key] for key in MATCH_KEYS if key in user_data))


def digest(value: object) -> str:
    """Return 64 bits of the value's SHA-256, enough to compare values and too few to be used elsewhere.

    Of a list, the first value counts. Among a million visitors who have withdrawn, another one is mistaken for one of
    them once in 18 million million times.
    """
    first = value[0] if isinstance(value, (list, tuple)) and value else value
    return hashlib.sha256(str(first).encode()).hexdigest()[:16] if first else ""


def trace_of(address: object) -> str | None:
    """Return 16 bits of a keyed digest of an address: thousands of addresses share each value."""
    if not isinstance(address, str):
        return None
    return hmac.digest(settings.SECRET_KEY.encode(), address.encode(), "sha256").hex()[:4]


def version_of(address: object) -> int | None:
    """Return the version of a normalised IP address, in which IPv4 is never written as IPv6."""
    return (6 if ":" in address else 4) if isinstance(address, str) else None
