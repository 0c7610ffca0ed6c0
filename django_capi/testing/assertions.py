"""Assert what was tracked. A failure says what was tracked instead, and why the rest was not."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from django_capi.database.alias import using
from django_capi.models import Event
from django_capi.testing import reasons
from django_capi.testing.events import tracked
from django_capi.testing.pages import has_pixel, page_events


def assert_tracked(event_name: str, *, times: int = 1, **custom_data: object) -> None:
    """Assert that the event was tracked this many times with at least this custom data. Numbers compare by value."""
    every = tracked()
    same_name = [event for event in every if event["event_name"] == event_name]
    matching = [event for event in same_name if carries(event, custom_data)]
    if len(matching) == times:
        return
    wanted = f"{event_name} with {custom_data}" if custom_data else event_name
    message = f"{wanted} was tracked {counted(len(matching))}, not {counted(times)}."
    if custom_data and same_name:
        found = "; ".join(str(event.get("custom_data", {})) for event in same_name)
        message += f" Tracked under this name: {found}."
    raise AssertionError(message + summary(every) + (reasons.explanation() if len(matching) < times else ""))


def assert_nothing_tracked() -> None:
    """Assert that no event was tracked."""
    found = tracked()
    if found:
        raise AssertionError(summary(found).strip())


def assert_mirrored(response: HttpResponse) -> None:
    """Assert that the page has events, and that the server has its copy of each under the same name and id."""
    events = page_events(response)
    stored = set(Event.objects.using(using()).values_list("event_name", "event_id"))
    single = [event for event in events if (event["event_name"], event.get("event_id")) not in stored]
    if events and not single:
        return
    if not events:
        message = without_events(response)
    elif all(event.get("event_id") for event in single):
        message = f"In the page, and not stored by the server: {names_of(single)}."
    else:
        message = (
            f"{names_of(single)}: the page has no event_id, and the server has no copy yet. The browser makes the id "
            "where the page may be cached, or where the server may not track its visitor."
        )
    raise AssertionError(message + reasons.explanation(request_of(response)))


def without_events(response: HttpResponse) -> str:
    if response.status_code != 200:
        return f"The page has no events. Its status is {response.status_code}."
    if not has_pixel(response):
        return "The page has no events. Its template has no {% capi_pixel %}, or no pixel is configured."
    return "The page has no events."


def request_of(response: HttpResponse) -> HttpRequest | None:
    """The request that a test client has sent for this response."""
    found = getattr(response, "wsgi_request", None) or getattr(response, "asgi_request", None)
    return found if isinstance(found, HttpRequest) else None


def summary(events: list[dict[str, Any]]) -> str:
    return f" Tracked: {names_of(events)}." if events else " Nothing was tracked."


def names_of(events: list[dict[str, Any]]) -> str:
    return ", ".join(event["event_name"] for event in events)


def counted(times: int) -> str:
    return "once" if times == 1 else f"{times} times"


def carries(event: dict[str, Any], custom_data: dict[str, object]) -> bool:
    found = event.get("custom_data", {})
    wanted = json.loads(json.dumps(custom_data, default=float))
    return all(key in found and found[key] == value for key, value in wanted.items())
