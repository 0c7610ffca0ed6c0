"""An event of the week, with how its delivery ends and what its browser copy does."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

from django_capi.conf import conf
from django_capi.ledger import store
from django_capi.models import BrowserState, Event, Origin
from django_capi.requests.visitor import Visitor
from django_capi.tracking.actions import Action, entry_of
from django_capi.tracking.arguments import custom_data_from
from example_project.demo.week.people import SHOP


class Ending(Enum):
    """How the delivery of the server copy ends."""

    ACCEPTED = auto()
    REFUSED = auto()  # by Meta
    IN_DOUBT = auto()
    NOT_SENT = auto()  # it was refused here, has ended otherwise, or still waits


@dataclass(kw_only=True, slots=True)
class Planned:
    """A row of the ledger before its delivery."""

    row: Event
    ending: Ending = Ending.ACCEPTED
    subcode: int | None = None  # of a refusal


def planned(
    event_name: str,
    visitor: Visitor,
    at: datetime,
    *,
    event_id: str,
    path: str = "/",
    data: Mapping[str, object] | None = None,
    origin: Origin = Origin.PAGE,
    is_withdrawn: bool = False,
) -> Planned:
    """An event as the app stores it at that time."""
    action = Action(
        event_name=event_name,
        event_id=event_id,
        event_time=int(at.timestamp()),
        custom_data=custom_data_from(dict(data or {})),
        origin=origin,
    )
    return stored(action, visitor.at(url=f"{SHOP}{path}", referrer=None), at, is_withdrawn=is_withdrawn)


def stored(action: Action, visitor: Visitor, at: datetime, *, is_withdrawn: bool = False) -> Planned:
    entry = replace(entry_of(action, visitor), is_withdrawn=is_withdrawn)
    [row] = store.rows_of(entry, list(conf.pixels().values()), at)
    return Planned(row=row, ending=Ending.NOT_SENT if row.status else Ending.ACCEPTED)


def report(row: Event, state: BrowserState, chance: random.Random) -> None:
    """Record that the page reported its browser copy a moment after the event."""
    store.add_receipt(row, state, row.created_at + timedelta(seconds=chance.uniform(0.2, 2)))
    if row.origin != Origin.BROWSER:
        row.browser_value, row.browser_currency = row.value, row.currency


def random_id(chance: random.Random) -> str:
    return UUID(int=chance.getrandbits(128), version=4).hex
