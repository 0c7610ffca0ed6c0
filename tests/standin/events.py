"""Events that the documented rules accept, one for each action source; tests change one field."""

from __future__ import annotations

from typing import Any

NOW = 1_780_000_000
DAY = 86_400

EMAIL_HASH = "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b"  # of test@example.com
GENDER_HASH = "252f10c83610ebca1a059c0bae8255eba2f95be4d1d7bcfa89d7248a82d9f111"  # of f
AGENT = "Mozilla/5.0 (X11; Linux x86_64)"
EXTINFO = ["a2", "", "", "", "14", *[""] * 11]

Event = dict[str, Any]


def website(**changes: object) -> Event:
    event: Event = {
        "event_name": "ViewContent",
        "event_time": NOW - 60,
        "event_id": "view-1",
        "action_source": "website",
        "event_source_url": "https://shop.example.com/",
        "user_data": {"em": EMAIL_HASH, "client_user_agent": AGENT, "client_ip_address": "203.0.113.7"},
    }
    return {**event, **changes}


def purchase(**custom_data: object) -> Event:
    return website(event_name="Purchase", custom_data={"value": 12.5, "currency": "EUR", **custom_data})


def person(**user_data: object) -> Event:
    return website(user_data={"client_user_agent": AGENT, "client_ip_address": "203.0.113.7", **user_data})


def known_by(**user_data: object) -> Event:
    """Known by these keys alone."""
    return of_source("phone_call", user_data=user_data)


def custom(**custom_data: object) -> Event:
    return website(custom_data=custom_data)


def of_source(action_source: str, **changes: object) -> Event:
    event = website(action_source=action_source, **changes)
    del event["event_source_url"]
    return event


def app(**app_data: object) -> Event:
    return of_source("app", app_data={"advertiser_tracking_enabled": 1, "extinfo": EXTINFO, **app_data})


def messaging(channel: str | None, /, event_name: str = "Purchase", **user_data: object) -> Event:
    custom_data = {"value": 1, "currency": "EUR"}
    return of_source(
        "business_messaging",
        event_name=event_name,
        messaging_channel=channel,
        user_data=user_data,
        custom_data=custom_data,
    )


def without(event: Event, *path: str) -> Event:
    """The event without the key at the end of the path."""
    first, *rest = path
    if rest:
        return {**event, first: without(event[first], *rest)}
    return {key: value for key, value in event.items() if key != first}
