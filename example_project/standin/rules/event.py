"""In: the facts of one event. Out: the rules on the event object itself: name, time, source, processing options."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from example_project.standin.rules.table import (
    Facts,
    Rule,
    Test,
    is_flag,
    is_object,
    is_short_text,
    is_text,
    is_whole,
    list_of,
    misfits,
    one_of,
    present,
)

DAY = 86_400
OLDEST = 7 * DAY
OLDEST_IN_STORE = 62 * DAY
EVENT_NAME_LENGTH = 50
URL_LENGTH = 8_192

ACTION_SOURCES = (
    "email",
    "website",
    "app",
    "phone_call",
    "chat",
    "physical_store",
    "system_generated",
    "business_messaging",
    "other",
)
STATES = (0, *range(1000, 1014))

_WHOM = ("business", "business_line", "product_area", "medium")
CUSTOMER_SEGMENTS = (
    *(f"new_customer_to_{whom}" for whom in _WHOM),
    *(f"existing_customer_to_{whom}" for whom in _WHOM),
    "customer_in_loyalty_program",
)


def is_url(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://")) and len(value) <= URL_LENGTH


def _is_event_name(value: object) -> bool:
    return isinstance(value, str) and is_text(value) and len(value) <= EVENT_NAME_LENGTH


REQUIRED: Mapping[str, Test] = {
    "event_name": _is_event_name,
    "event_time": is_whole,
    "action_source": one_of(*ACTION_SOURCES),
    "user_data": is_object,
}
OPTIONAL: Mapping[str, Test] = {
    "event_id": is_short_text,
    "event_source_url": is_url,
    "referrer_url": lambda value: isinstance(value, str) and len(value) <= URL_LENGTH,
    "custom_data": is_object,
    "app_data": is_object,
    "original_event_data": is_object,
    "attribution_data": is_object,
    "opt_out": is_flag,
    "data_processing_options": list_of(one_of("LDU")),
    "data_processing_options_country": one_of(0, 1),
    "data_processing_options_state": one_of(*STATES),
    "customer_segmentation": one_of(*CUSTOMER_SEGMENTS),
    "messaging_channel": is_text,
}
ORIGINAL: Mapping[str, Test] = {
    "event_name": _is_event_name,
    "event_time": is_whole,
    "event_id": is_short_text,
    "order_id": is_short_text,
}


def _missing(facts: Facts) -> Iterable[str]:
    return (key for key in REQUIRED if facts.event.get(key) is None)


def _malformed(facts: Facts) -> Iterable[str]:
    return misfits(facts.event, {**REQUIRED, **OPTIONAL})


def _too_old(facts: Facts) -> Iterable[str]:
    oldest = OLDEST_IN_STORE if facts.action_source == "physical_store" else OLDEST
    time = facts.event["event_time"]
    if isinstance(time, int) and time < facts.now - oldest:
        yield "event_time"


def _in_future(facts: Facts) -> Iterable[str]:
    time = facts.event["event_time"]
    # The allowed skew is not documented, so none is allowed beyond the second we are in.
    if isinstance(time, int) and time > math.ceil(facts.now):
        yield "event_time"


def _original(facts: Facts) -> Iterable[str]:
    return misfits(present(facts.event.get("original_event_data")), ORIGINAL)


def _nowhere(facts: Facts) -> Iterable[str]:
    """Limited data use in a state that Meta is to find out needs an address to find it by."""
    is_limited = facts.event.get("data_processing_options") == ["LDU"]
    is_unknown = not facts.event.get("data_processing_options_state")
    if is_limited and is_unknown and "client_ip_address" not in facts.user_data:
        yield "data_processing_options_state"


EVENT_RULES = (
    Rule(name="event_required", says="A required field is missing.", faulty=_missing),
    Rule(name="event_malformed", says="A field of the event has the wrong type or value.", faulty=_malformed),
    Rule(
        name="event_too_old",
        says="The event is older than 7 days (62 in a physical store).",
        faulty=_too_old,
        subcode=2804003,
    ),
    Rule(name="event_in_future", says="The event lies in the future.", faulty=_in_future, subcode=2804004),
    Rule(name="limited_nowhere", says="Limited data use needs a state or the visitor's address.", faulty=_nowhere),
    Rule(name="original_malformed", says="original_event_data has a malformed field.", faulty=_original),
)
