"""The payload helper: what would be sent to Meta for typed values or an order, why, and what would be left out."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pprint import pformat
from typing import Any, Final

from django.utils.translation import gettext as _

from django_capi.admin import stored, wording
from django_capi.conf import Pixel, conf
from django_capi.conversions.base import call_method, find_conversion
from django_capi.conversions.objects import place
from django_capi.delivery.client import events_url
from django_capi.meta import rules
from django_capi.meta.events import ActionSource, Event, InvalidEvent
from django_capi.meta.left_out import MEANING
from django_capi.meta.normalize import normalize
from django_capi.meta.normalize.keys import ACCEPTED_NAMES
from django_capi.meta.wire import JSON
from django_capi.models import ConversionMark
from django_capi.tracking.arguments import custom_data_from, new_id, user_data_from

MASK: Final = "•••"


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """A key of `user_data`, in the three forms of its value, and why it is left out."""

    key: str
    given: str = field(repr=False)
    normalized: str = field(repr=False)
    sent: str = field(repr=False)
    left_out: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """The raw values of an event, as typed or as an object's conversion gives them."""

    event_name: str
    user_data: Mapping[str, object] = field(repr=False)
    custom_data: Mapping[str, object] = field(repr=False)
    page: str = ""
    action_source: ActionSource = ActionSource.WEBSITE
    is_typed: bool = True  # else the values are a customer's, and are masked


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """The values, the finished payload, and what Meta would say of it."""

    values: list[Value]
    left_out: list[str]
    event: Event | None
    payload: Mapping[str, JSON] = field(repr=False)
    problems: list[rules.Problem]


def examine(given: Given) -> Examined:
    """Normalise, hash and check the values, as tracking would. InvalidEvent where tracking would raise it."""
    custom_data = custom_data_from(given.custom_data)
    event = Event(
        event_name=given.event_name,
        event_id=new_id(),
        event_time=int(time.time()),
        action_source=given.action_source,
        user_data=user_data_from(given.user_data),
        custom_data=custom_data,
        event_source_url=given.page or None,
    )
    return Examined(
        values=list(values_of(given)),
        left_out=[wording.pair(item.key, stored.translated(MEANING[item.reason])) for item in custom_data.left_out],
        event=event,
        payload=event.payload(),
        problems=rules.check(event.payload(), now=int(time.time())),
    )


def examine_payload(text: str) -> Examined:
    """Check the payload of a stored event, which holds no raw values."""
    payload = json.loads(text)
    problems = rules.check(payload, now=int(time.time()))
    return Examined(values=[], left_out=[], event=None, payload=payload, problems=problems)


def values_of(given: Given) -> Iterator[Value]:
    shown = str if given.is_typed else masked
    for key, raw in given.user_data.items():
        if raw is None:  # absent, as of a guest
            continue
        name = ACCEPTED_NAMES.get(key, key)
        found = normalize(
            name, raw, country=text_or_none(given.user_data.get("country")), default_region=conf.DEFAULT_REGION
        )
        yield Value(
            key=name,
            given=shown(raw),
            normalized=joined(found.text, shown),
            sent=joined(found.hashed, str),
            left_out=stored.translated(MEANING[found.reason]) if found.reason else "",
        )


def text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def joined(value: str | tuple[str, ...] | None, shown: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(shown, value)) if isinstance(value, tuple) else str(shown(value))


def masked(value: object) -> str:
    """The first character, which is enough to recognise the field.

    >>> masked("jane@example.com"), masked("")
    ('j•••', '')
    """
    text = str(value)
    return text[:1] + MASK if text else ""


def of_conversion(mark: ConversionMark) -> Given | str:
    """The values that the object's Conversion gives now, or why there are none. May raise callbacks.Failed."""
    found = place(mark.object_ref)
    conversion = find_conversion(found.model, mark.event_name) if found else None
    if found is None or conversion is None:
        return _("The site has no conversion for this object any more.")
    obj = found.model._base_manager.using(found.database).filter(pk=found.pk).first()
    if obj is None:
        return _("The object does not exist any more.")
    return Given(
        event_name=mark.event_name,
        user_data=call_method(conversion, "user_data", obj),
        custom_data=call_method(conversion, "custom_data", obj),
        action_source=ActionSource.SYSTEM_GENERATED,
        is_typed=False,
    )


def refused(error: InvalidEvent) -> str:
    """The error itself is for developers and stays English."""
    return _("The site's code gives no valid event. The error says: “%(error)s”") % {"error": error}


def as_json(payload: Mapping[str, JSON]) -> str:
    return json.dumps({"data": [payload]}, indent=2, ensure_ascii=False, default=str)


def as_curl(payload: Mapping[str, JSON], pixel: Pixel) -> str:
    """A command for a shell that has the token in $TOKEN."""
    body = json.dumps({"data": [payload]}, ensure_ascii=False, default=str)
    return (
        f"curl -X POST {shlex.quote(events_url(pixel))} \\\n"
        '  -H "Authorization: Bearer $TOKEN" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(body)}"
    )


def as_python(payload: Mapping[str, JSON], pixel: Pixel) -> str:
    body = json.loads(json.dumps({"data": [payload]}, default=str))
    return (
        "import os\n\nimport requests\n\n"
        f"body = {pformat(body, width=100, sort_dicts=False)}\n"
        f'headers = {{"Authorization": f"Bearer {{os.environ[\'TOKEN\']}}"}}\n'
        f"answer = requests.post({events_url(pixel)!r}, json=body, headers=headers, timeout=10)\n"
        "print(answer.status_code, answer.json())\n"
    )
