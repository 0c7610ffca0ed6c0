"""The contents of the page of one event: its facts, its two copies and their keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from django_capi.admin import answers, pills, pixels, stored, story, wording
from django_capi.admin.cells import linked
from django_capi.admin.outcomes import LABELS, outcome_of_event
from django_capi.conf import conf
from django_capi.ledger.store import is_currency, stored_value
from django_capi.meta import wire
from django_capi.meta.left_out import MEANING, Reason
from django_capi.models import MATCH_KEYS, Batch, BrowserState, ConversionMark, Event, MatchKey, Status
from django_capi.tracking import hints

# The order in which Meta's pages value them; the rest follows as stored.
STRONG_FIRST = ("em", "ph", "external_id", "fbc", "fbp")
KEY_ORDER = (*STRONG_FIRST, *(key for key in MATCH_KEYS if key not in STRONG_FIRST))


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """A line of a panel: what it is, and its value."""

    term: Any
    value: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Links:
    """Where the page leads; empty for those who may not follow."""

    request: str = ""
    object: str = ""
    conversion: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """One thing that both copies should carry alike."""

    term: Any
    server: Any
    browser: Any
    verdict: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOutKey:
    """A key that was given and not sent, and why, without its value."""

    key: str
    why: str


def happened_at(event: Event) -> datetime:
    return datetime.fromtimestamp(event.event_time, UTC)


def facts(event: Event, mark: ConversionMark | None, links: Links) -> list[Fact]:
    return [
        Fact(term=_("Outcome"), value=LABELS[outcome_of_event(event)]),
        Fact(term=_("Event id"), value=event.event_id),
        Fact(term=_("Event time"), value=wording.instant(happened_at(event))),
        Fact(term=_("Pixel"), value=pixels.titled(event.pixel_id)),
        Fact(term=_("Object"), value=linked(links.object, event.object_ref) if event.object_ref else wording.NOTHING),
        *([Fact(term=_("Reference"), value=mark.reference)] if mark and mark.reference else []),
        *([Fact(term=_("Conversion"), value=linked(links.conversion, mark))] if mark else []),
        Fact(term=_("Action source"), value=event.action_source),
        Fact(term=_("Source"), value=event.get_origin_display()),
        Fact(term=_("Consent"), value=event.get_consent_display()),
        *([Fact(term=_("Test code"), value=event.test_event_code)] if event.test_event_code else []),
    ]


def server_copy(event: Event, batch: Batch | None, *, batch_url: str) -> list[Fact]:
    return [
        Fact(term=_("State"), value=pills.server(event.status)),
        *worth(*stated_worth(event)),
        Fact(term=_("Stored"), value=wording.instant(event.created_at)),
        Fact(term=_("Finished"), value=wording.instant(event.finished_at)),
        Fact(term=_("Delay"), value=wording.duration(delay(event))),
        Fact(term=_("Attempts"), value=attempts(event)),
        Fact(term=_("Meta's answer"), value=answer(event, batch, batch_url)),
        *([Fact(term="fbtrace_id", value=batch.fbtrace_id)] if batch and batch.fbtrace_id else []),
        *([Fact(term=_("Reason"), value=stored.translated(event.error_reason))] if event.error_reason else []),
        Fact(term=_("Deadline"), value=wording.instant(event.deadline)),
    ]


def worth(value: Decimal | None, currency: str | None) -> list[Fact]:
    """What a copy says that the event is worth, if it says so."""
    found = wording.worth(value, currency)
    return [Fact(term=_("Value"), value=found)] if found else []


def stated_worth(event: Event) -> tuple[Decimal | None, str | None]:
    """Value and currency. The columns have both or neither; the payload may have one without the other."""
    if event.value is not None or not event.payload:
        return event.value, event.currency
    custom_data = wire.loads(event.payload).get("custom_data")
    found: Mapping[str, Any] = custom_data if isinstance(custom_data, Mapping) else {}
    value, currency = found.get("value"), found.get("currency")
    amount = stored_value(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return amount, currency if is_currency(currency) else None


def delay(event: Event) -> Any:
    """From the action to Meta's yes."""
    if event.status != Status.ACCEPTED or event.finished_at is None:
        return None
    return event.finished_at - happened_at(event)


def attempts(event: Event) -> str:
    if not event.ambiguous:
        return wording.number(event.attempts)
    unanswered = _("%(all)s, of which %(unanswered)s without an answer")
    return str(unanswered) % {"all": wording.number(event.attempts), "unanswered": wording.number(event.ambiguous)}


def answer(event: Event, batch: Batch | None, batch_url: str) -> Any:
    """What came back for the request this event was last in, with a link for those who may follow it."""
    if batch is None:  # a request that was pruned, or an event that was refused here
        codes = story.code_of(event)
        return codes if codes and event.attempts else wording.NOTHING
    return linked(batch_url, outcome_of_request(batch) if batch.http_status else reason_of_request(batch))


def outcome_of_request(batch: Batch) -> str:
    words = {"status": batch.http_status, "outcome": answers.label(batch.outcome)}
    return str(_("HTTP %(status)s · %(outcome)s")) % words


def reason_of_request(batch: Batch) -> Any:
    return stored.translated(batch.reason) or _("none yet")


def has_reached_meta(batch: Batch | None) -> bool:
    """False for what the console took: only Meta gives a request a trace id."""
    return conf.SENDER not in ("console", "memory") or bool(batch and batch.fbtrace_id)


def browser_copy(event: Event, mark: ConversionMark | None) -> list[Fact]:
    return [
        Fact(term=_("State"), value=pills.browser(event.browser_state)),
        *worth(event.browser_value, event.browser_currency),
        Fact(term=_("First receipt"), value=wording.instant(event.browser_at)),
        Fact(term=_("Receipts"), value=wording.number(event.browser_count)),
        *([Fact(term=_("Rendered"), value=wording.instant(mark.shown_at))] if mark else []),
    ]


def agreements(event: Event) -> list[Agreement]:
    """Empty while there is only one copy."""
    if event.browser_state == BrowserState.NONE:
        return []
    same = pills.pill("good", "✓", _("same"))
    return [
        Agreement(term=_("Event name"), server=event.event_name, browser=event.event_name, verdict=same),
        Agreement(term=_("Event id"), server=event.event_id, browser=event.event_id, verdict=same),
        compared(_("External ID"), event.server_external_id, event.browser_external_id),
        compared("FBP", event.server_fbp, event.browser_fbp),
    ]


def compared(term: Any, server: str, browser: str) -> Agreement:
    words = [pills.pill("quiet", "✓", _("carried")) if value else wording.NOTHING for value in (server, browser)]
    return Agreement(term=term, server=words[0], browser=words[1], verdict=agreement(server, browser))


def agreement(server: str, browser: str) -> Any:
    if not (server or browser):
        return pills.pill("quiet", "–", _("in neither"))
    if not (server and browser):
        return pills.pill("fair", "▲", _("in one copy only"))
    return pills.pill("good", "✓", _("same")) if server == browser else pills.pill("poor", "✕", _("different"))


def carried(event: Event) -> list[str]:
    return [key for key in KEY_ORDER if event.match_keys & MatchKey[key]]


def absent(event: Event) -> list[str]:
    gone = {entry.key for entry in left_out(event)}
    return [key for key in KEY_ORDER if not event.match_keys & MatchKey[key] and key not in gone]


def left_out(event: Event) -> Iterator[LeftOutKey]:
    """The stored `key:reason` words with the reason spelled out."""
    for word in event.left_out.split():
        key, _colon, code = word.rpartition(":")
        known = code in Reason.__members__.values()
        yield LeftOutKey(key=key or code, why=explained(key, Reason(code)) if known and key else code)


def explained(key: str, reason: Reason) -> str:
    """The reason in words; for a key that is not Meta's, with the one that was probably meant."""
    meant = dict(hints.near_misses([key], hints.PERSON)) if reason is Reason.UNKNOWN_KEY else {}
    why = stored.translated(MEANING[reason])
    return str(_("%(reason)s; use %(key)s")) % {"reason": why, "key": meant[key]} if meant else why


def pretty(text: str) -> str:
    """The stored text with line breaks; as it is when it cannot be read."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
