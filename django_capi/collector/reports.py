"""Check the reported events one by one, so that an item that is refused costs no other."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from django_capi.browser import specs
from django_capi.collector.requests import text
from django_capi.conf import conf
from django_capi.ledger.store import DUPLICATE_WINDOW
from django_capi.models import BrowserState
from django_capi.tracking.actions import is_storable

__all__ = ["ItemContext", "ItemRefused", "Refusals", "Report", "read_items"]

# The script makes ids of 32 hexadecimal digits. A receipt is for an id of the site's own, which may be any text.
MINTED_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{8,64}").fullmatch
OLDEST: Final = int(DUPLICATE_WINDOW.total_seconds())  # later Meta would count the server copy as another event
STATES: Final = {"fired": BrowserState.FIRED, "blocked": BrowserState.BLOCKED}

Refusals = dict[int, str]  # index of the item: reason


class ItemRefused(ValueError):
    """One item is not of the documented form; the text names the rule that it breaks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemContext:
    """What the items are checked against."""

    page_pixels: Collection[str]  # ids; a mirrored event is stored for these only
    all_pixels: Collection[str]  # a receipt may be for an event of any of them
    fbp: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One event that a page says it handed to `fbq`."""

    index: int  # in the request
    event_name: str
    event_id: str
    state: BrowserState
    pixel_ids: tuple[str, ...]
    is_mirrored: bool  # the browser made the id: the server has no copy yet
    custom_data: Mapping[str, object] = field(repr=False)
    age: int  # seconds; of a mirrored event
    url: str | None = field(default=None, repr=False)  # of the route on which it happened; None: the request's
    referrer: str | None = field(default=None, repr=False)


def read_items(items: Iterable[object], context: ItemContext) -> tuple[list[Report], Refusals]:
    reports: list[Report] = []
    refusals: Refusals = {}
    for index, item in enumerate(items):
        try:
            reports.append(report_from(index, item, context))
        except ItemRefused as refusal:
            refusals[index] = str(refusal)
    return reports, refusals


def report_from(index: int, item: object, context: ItemContext) -> Report:
    if not isinstance(item, dict):
        raise ItemRefused("event-not-an-object")
    is_mirrored = item.get("mirror") is True
    event_name, event_id = storable(item, "event_name"), storable(item, "event_id")
    if is_mirrored and not MINTED_ID(event_id):
        raise ItemRefused("event_id")
    spec = spec_of(item, event_name) if is_mirrored else None
    if is_mirrored and event_name not in conf.BROWSER_EVENTS:
        check_authority(spec, event_id, context.fbp)
    return Report(
        index=index,
        event_name=event_name,
        event_id=event_id,
        state=state_of(item.get("state")),
        pixel_ids=pixel_ids_of(item.get("pixels"), context.page_pixels if is_mirrored else context.all_pixels),
        is_mirrored=is_mirrored,
        custom_data=spec.custom_data if spec else mapping(item.get("custom_data")),
        age=age_of(item.get("age")) if is_mirrored else 0,
        url=text(item.get("url")),
        referrer=text(item.get("referrer")),
    )


def storable(item: Mapping[str, object], column: str) -> str:
    value = item.get(column)
    if isinstance(value, str) and is_storable(column, value):
        return value
    raise ItemRefused(column)


def spec_of(item: Mapping[str, object], event_name: str) -> specs.Spec | None:
    if not item.get("spec"):
        return None
    spec = specs.read(item["spec"])
    if spec is None and event_name in conf.BROWSER_EVENTS:
        return None  # signed with an earlier SECRET_KEY, and any browser may report this event
    if spec is None:
        raise ItemRefused("spec-unknown")
    if spec.event_name != event_name:
        raise ItemRefused("spec-of-another-event")
    return spec


def check_authority(spec: specs.Spec | None, event_id: str, fbp: str | None) -> None:
    """Check the spec, without which a browser may report the names in BROWSER_EVENTS only."""
    if spec is None:
        raise ItemRefused("event_name-not-in-BROWSER_EVENTS")
    if not spec.authorizes(event_id=event_id, fbp=fbp):
        raise ItemRefused("spec-not-valid-here")


def state_of(value: object) -> BrowserState:
    state = STATES.get(value) if isinstance(value, str) else None
    if state is None:
        raise ItemRefused("state")
    return state


def pixel_ids_of(value: object, known: Collection[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item in known for item in value):
        raise ItemRefused("pixels")
    return tuple(dict.fromkeys(value))


def mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def age_of(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        return 0
    if value > OLDEST:
        raise ItemRefused("age")
    return int(value)
