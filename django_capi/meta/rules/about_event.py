"""Rules for the event itself: name, id, time, URLs and lengths. As of 2026-11-22."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, TypeGuard

from django_capi.meta.events.names import PAGE_VIEW, STANDARD_EVENTS, ActionSource
from django_capi.meta.rules.problem import Parts, Rule, Severity, is_one_of
from django_capi.meta.translatable import gettext_noop as _
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


def _age(parts: Parts) -> int:
    time = parts.event.get("event_time")
    return parts.now - time if _is_whole(time) else 0


def _bad_name(parts: Parts) -> bool:
    name = parts.event.get("event_name")
    return not isinstance(name, str) or not name.strip()


def _long_name(parts: Parts) -> bool:
    name = parts.event.get("event_name")
    return isinstance(name, str) and len(name) > LONGEST_NAME


def _almost_standard(parts: Parts) -> bool:
    name = parts.event.get("event_name")
    return isinstance(name, str) and _ALMOST.get(_NOT_LETTER.sub("", name.lower()), name) != name


def _bad_time(parts: Parts) -> bool:
    time = parts.event.get("event_time")
    return not _is_whole(time) or not 0 < time < PLAUSIBLE_SECONDS


def _too_old(parts: Parts) -> bool:
    return _age(parts) > (OLDEST_IN_STORE if parts.source == ActionSource.PHYSICAL_STORE else OLDEST)


def _in_future(parts: Parts) -> bool:
    return _age(parts) <= -FORGIVEN and not _bad_time(parts)


def _slightly_ahead(parts: Parts) -> bool:
    return -FORGIVEN < _age(parts) < 0


def _slow(parts: Parts) -> bool:
    return parts.source == ActionSource.WEBSITE and SLOW < _age(parts) <= OLDEST


def _bad_id(parts: Parts) -> bool:
    value = parts.event.get("event_id")
    return value is not None and not isinstance(value, str)


def _long_id(parts: Parts) -> bool:
    value = parts.event.get("event_id")
    return isinstance(value, str) and len(value) > LONGEST_ID


def _bad_url(parts: Parts) -> bool:
    url = parts.event.get("event_source_url")
    return url is not None and (not isinstance(url, str) or reduce_url(url, origin_only=True) is None)


def _long_url(parts: Parts) -> bool:
    urls = (parts.event.get("event_source_url"), parts.event.get("referrer_url"))
    return any(isinstance(url, str) and len(url) > LONGEST_URL for url in urls)


def _has_control(parts: Parts) -> bool:
    return any(_CONTROL(text) for text in _texts(parts.event))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _options(parts: Parts) -> list[Any] | None:
    options = parts.event.get("data_processing_options")
    return list(options) if isinstance(options, list | tuple) else None


def _bad_options(parts: Parts) -> bool:
    if parts.event.get("data_processing_options") is None:
        return False
    return _options(parts) not in ([], ["LDU"])


def _limited_without_country(parts: Parts) -> bool:
    country = parts.event.get("data_processing_options_country")
    return _options(parts) == ["LDU"] and not is_one_of(LDU_COUNTRIES, country)


def _unknown_state(parts: Parts) -> bool:
    state = parts.event.get("data_processing_options_state")
    return state is not None and not is_one_of(LDU_STATES, state)


def _limited_nowhere(parts: Parts) -> bool:
    place_is_open = not parts.event.get("data_processing_options_state")
    return _options(parts) == ["LDU"] and place_is_open and not parts.user.get("client_ip_address")


def _bad_original(parts: Parts) -> bool:
    original = parts.event.get("original_event_data")
    if original is None:
        return False
    time: object = original.get("event_time") if isinstance(original, dict) else "none"
    return time is not None and (not _is_whole(time) or time > parts.now)


_REFUSED, _WARNED = Severity.REFUSED, Severity.WARNED

EVENT_RULES: Final = (
    Rule("event_name_present", "event_name", _REFUSED, None, _bad_name,
         _("Use the name of a standard event or one of your own."), "Server Event Parameters"),
    Rule("event_name_length", "event_name", _REFUSED, None, _long_name,
         _("Shorten the name to 50 characters."), "Meta Pixel reference, custom events"),
    Rule("event_name_almost_standard", "event_name", _WARNED, None, _almost_standard,
         _("Meta treats this as a custom event; write the standard name in its exact case."),
         "diagnostic pixel_almost_standard_event"),
    Rule("event_time_present", "event_time", _REFUSED, None, _bad_time,
         _("Send whole Unix seconds: an integer, and not milliseconds."), "Server Event Parameters"),
    Rule("event_time_age", "event_time", _REFUSED, 2804003, _too_old,
         _("Meta accepts events for 7 days, from a physical store for 62. Do not send this one or change its time."),
         "Server Event Parameters; Offline Events; captured answer"),
    Rule("event_time_future", "event_time", _REFUSED, 2804004, _in_future,
         _("Correct this server's clock; Meta refuses times in the future."), "captured answer"),
    Rule("event_time_ahead", "event_time", _WARNED, 2804004, _slightly_ahead,
         _("The clock is a few minutes ahead: send the current time instead (clamp_event_time)."),
         "captured answer"),
    Rule("event_time_delay", "event_time", _WARNED, None, _slow,
         _("Send web events within the hour; after two hours Meta's delivery suffers, after a day attribution fails."),
         "Using the API; diagnostic s2s_delay_greater_than_two_hours"),
    Rule("action_source_known", "action_source", _REFUSED, None, lambda parts: not is_one_of(_SOURCES, parts.source),
         _("Say where the action happened, with one of Meta's nine values."), "Server Event Parameters"),
    Rule("user_data_present", "user_data", _REFUSED, None, lambda parts: not parts.user,
         _("Send at least one key that identifies the customer."), "Server Event Parameters"),
    Rule("event_id_present", "event_id", _WARNED, None, lambda parts: not parts.event.get("event_id"),
         _("Without an id Meta cannot drop the second copy of this event."), "Handling Duplicate Events"),
    Rule("event_id_form", "event_id", _REFUSED, None, _bad_id,
         _("event_id must be a string."), "Server Event Parameters"),
    Rule("event_id_length", "event_id", _WARNED, None, _long_id,
         _("Keep the id within 100 characters; Meta's limit is not published."), "ours"),
    Rule("event_source_url_form", "event_source_url", _REFUSED, None, _bad_url,
         _("Send the full http or https URL of the page."), "Server Event Parameters"),
    Rule("url_length", "event_source_url", _WARNED, None, _long_url,
         _("Shorten the URL (reduce_url)."), "ours"),
    Rule("no_control_characters", "event", _WARNED, None, _has_control,
         _("Remove line breaks and other control characters from strings."), "ours"),
    Rule("opt_out_type", "opt_out", _REFUSED, None,
         lambda parts: parts.event.get("opt_out") is not None and not isinstance(parts.event["opt_out"], bool),
         _("Send true or false."), "Server Event Parameters"),
    Rule("data_processing_options_known", "data_processing_options", _REFUSED, None, _bad_options,
         _('Send ["LDU"], or [] for no limit.'), "Data Processing Options"),
    Rule("data_processing_options_country", "data_processing_options_country", _WARNED, None, _limited_without_country,
         _("With LDU, send 1 for the USA or 0 to let Meta find the country."), "Server Event Parameters"),
    Rule("data_processing_options_state", "data_processing_options_state", _REFUSED, None, _unknown_state,
         _("Send one of Meta's codes for states, or 0 to let Meta find the state."), "Data Processing Options"),
    Rule("data_processing_options_place", "data_processing_options_state", _REFUSED, None, _limited_nowhere,
         _("Without the visitor's IP address Meta cannot find the state; send its code."), "Server Event Parameters"),
    Rule("original_event_time", "original_event_data", _WARNED, None, _bad_original,
         _("The time of the original event must be whole Unix seconds in the past."), "Original Event Data Parameters"),
)  # fmt: skip
