"""Rules on the event itself: name, id, time, addresses, lengths. Each row names its source; as of 2026-11-22."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, TypeGuard

from django_capi.meta.events.names import PAGE_VIEW, STANDARD_EVENTS, ActionSource
from django_capi.meta.rules.problem import Rule, Seen, Severity, is_one_of
from django_capi.meta.urls import reduce_url

DAY: Final = 86_400
OLDEST: Final = 7 * DAY
OLDEST_IN_STORE: Final = 62 * DAY
SLOW: Final = 7_200
FORGIVEN: Final = 600
LONGEST_NAME: Final = 50
LONGEST_ID: Final = 100
LONGEST_URL: Final = 2_000
LDU_STATES: Final = frozenset({0, *range(1000, 1014)})
LDU_COUNTRIES: Final = frozenset({0, 1})
PLAUSIBLE_SECONDS: Final = 100_000_000_000

_CONTROL = re.compile(r"[\x00-\x1f\x7f]").search
_NOT_LETTER = re.compile(r"[^a-z]")
_ALMOST: Final = {name.lower(): name for name in STANDARD_EVENTS | {PAGE_VIEW}}
_SOURCES: Final = frozenset(ActionSource)


def _is_whole(value: object) -> TypeGuard[int]:
    return type(value) is int


def _age(seen: Seen) -> int:
    time = seen.event.get("event_time")
    return seen.now - time if _is_whole(time) else 0


def _bad_name(seen: Seen) -> bool:
    name = seen.event.get("event_name")
    return not isinstance(name, str) or not name.strip()


def _long_name(seen: Seen) -> bool:
    name = seen.event.get("event_name")
    return isinstance(name, str) and len(name) > LONGEST_NAME


def _almost_standard(seen: Seen) -> bool:
    name = seen.event.get("event_name")
    return isinstance(name, str) and _ALMOST.get(_NOT_LETTER.sub("", name.lower()), name) != name


def _bad_time(seen: Seen) -> bool:
    time = seen.event.get("event_time")
    return not _is_whole(time) or not 0 < time < PLAUSIBLE_SECONDS


def _too_old(seen: Seen) -> bool:
    return _age(seen) > (OLDEST_IN_STORE if seen.source == ActionSource.PHYSICAL_STORE else OLDEST)


def _in_future(seen: Seen) -> bool:
    return _age(seen) <= -FORGIVEN and not _bad_time(seen)


def _slightly_ahead(seen: Seen) -> bool:
    return -FORGIVEN < _age(seen) < 0


def _slow(seen: Seen) -> bool:
    return seen.source == ActionSource.WEBSITE and SLOW < _age(seen) <= OLDEST


def _bad_id(seen: Seen) -> bool:
    value = seen.event.get("event_id")
    return value is not None and not isinstance(value, str)


def _long_id(seen: Seen) -> bool:
    value = seen.event.get("event_id")
    return isinstance(value, str) and len(value) > LONGEST_ID


def _bad_url(seen: Seen) -> bool:
    url = seen.event.get("event_source_url")
    return url is not None and (not isinstance(url, str) or reduce_url(url, origin_only=True) is None)


def _long_url(seen: Seen) -> bool:
    urls = (seen.event.get("event_source_url"), seen.event.get("referrer_url"))
    return any(isinstance(url, str) and len(url) > LONGEST_URL for url in urls)


def _has_control(seen: Seen) -> bool:
    return any(_CONTROL(text) for text in _texts(seen.event))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _options(seen: Seen) -> list[Any] | None:
    options = seen.event.get("data_processing_options")
    return list(options) if isinstance(options, list | tuple) else None


def _bad_options(seen: Seen) -> bool:
    if seen.event.get("data_processing_options") is None:
        return False
    return _options(seen) not in ([], ["LDU"])


def _limited_without_country(seen: Seen) -> bool:
    country = seen.event.get("data_processing_options_country")
    return _options(seen) == ["LDU"] and not is_one_of(LDU_COUNTRIES, country)


def _unknown_state(seen: Seen) -> bool:
    state = seen.event.get("data_processing_options_state")
    return state is not None and not is_one_of(LDU_STATES, state)


def _limited_nowhere(seen: Seen) -> bool:
    place_is_open = not seen.event.get("data_processing_options_state")
    return _options(seen) == ["LDU"] and place_is_open and not seen.user.get("client_ip_address")


def _bad_original(seen: Seen) -> bool:
    original = seen.event.get("original_event_data")
    if original is None:
        return False
    time: object = original.get("event_time") if isinstance(original, dict) else "none"
    return time is not None and (not _is_whole(time) or time > seen.now)


_REFUSED, _WARNED = Severity.REFUSED, Severity.WARNED

EVENT_RULES: Final = (
    Rule("event_name_present", "event_name", _REFUSED, None, _bad_name,
         "Give the event a standard name or one of your own.", "Server Event Parameters"),
    Rule("event_name_length", "event_name", _REFUSED, None, _long_name,
         f"Shorten the name to {LONGEST_NAME} characters.", "Meta Pixel reference, custom events"),
    Rule("event_name_almost_standard", "event_name", _WARNED, None, _almost_standard,
         "Meta takes this for a custom event; write the standard name in its exact case.",
         "diagnostic pixel_almost_standard_event"),
    Rule("event_time_present", "event_time", _REFUSED, None, _bad_time,
         "Send whole Unix seconds, not milliseconds and not text.", "Server Event Parameters"),
    Rule("event_time_age", "event_time", _REFUSED, 2804003, _too_old,
         "Meta takes events for 7 days, from a physical store for 62; do not send this one and never re-stamp it.",
         "Server Event Parameters; Offline Events; captured answer"),
    Rule("event_time_future", "event_time", _REFUSED, 2804004, _in_future,
         "Set this machine's clock; Meta refuses times in the future.", "captured answer"),
    Rule("event_time_ahead", "event_time", _WARNED, 2804004, _slightly_ahead,
         "The clock runs ahead by a few minutes: send the present moment instead (clamp_event_time).",
         "captured answer"),
    Rule("event_time_delay", "event_time", _WARNED, None, _slow,
         "Send web events within the hour; after two hours Meta's delivery suffers, after a day attribution fails.",
         "Using the API; diagnostic s2s_delay_greater_than_two_hours"),
    Rule("action_source_known", "action_source", _REFUSED, None, lambda seen: not is_one_of(_SOURCES, seen.source),
         "Say where the action happened, with one of Meta's nine words.", "Server Event Parameters"),
    Rule("user_data_present", "user_data", _REFUSED, None, lambda seen: not seen.user,
         "Send at least one thing that tells who it was.", "Server Event Parameters"),
    Rule("event_id_present", "event_id", _WARNED, None, lambda seen: not seen.event.get("event_id"),
         "Without an id Meta cannot drop the second copy of this event.", "Handling Duplicate Events"),
    Rule("event_id_form", "event_id", _REFUSED, None, _bad_id,
         "Make the id a text.", "Server Event Parameters"),
    Rule("event_id_length", "event_id", _WARNED, None, _long_id,
         f"Keep the id within {LONGEST_ID} characters; Meta's limit is not published.", "ours"),
    Rule("event_source_url_form", "event_source_url", _REFUSED, None, _bad_url,
         "Send the full http or https address of the page.", "Server Event Parameters"),
    Rule("url_length", "event_source_url", _WARNED, None, _long_url,
         "Reduce the address to what may be told (reduce_url).", "ours"),
    Rule("no_control_characters", "event", _WARNED, None, _has_control,
         "Take line breaks and other control characters out of the texts.", "ours"),
    Rule("opt_out_type", "opt_out", _REFUSED, None,
         lambda seen: seen.event.get("opt_out") is not None and not isinstance(seen.event["opt_out"], bool),
         "Send true or false.", "Server Event Parameters"),
    Rule("data_processing_options_known", "data_processing_options", _REFUSED, None, _bad_options,
         'Send ["LDU"], or [] for no limit.', "Data Processing Options"),
    Rule("data_processing_options_country", "data_processing_options_country", _WARNED, None, _limited_without_country,
         "With LDU send 1 for the USA or 0 to let Meta find the country.", "Server Event Parameters"),
    Rule("data_processing_options_state", "data_processing_options_state", _REFUSED, None, _unknown_state,
         "Send one of the fourteen states, or 0 to let Meta find it.", "Data Processing Options"),
    Rule("data_processing_options_place", "data_processing_options_state", _REFUSED, None, _limited_nowhere,
         "Without the visitor's address Meta cannot find the state; name it.", "Server Event Parameters"),
    Rule("original_event_time", "original_event_data", _WARNED, None, _bad_original,
         "The first event's time is whole Unix seconds and in the past.", "Original Event Data Parameters"),
)  # fmt: skip
