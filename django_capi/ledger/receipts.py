"""Record the browser copies that pages report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connections
from django.utils import timezone

from django_capi.clock import now_in_sql
from django_capi.database.alias import using
from django_capi.database.retry import retried
from django_capi.ledger.insert import atomic_if_needed
from django_capi.ledger.store import DUPLICATE_WINDOW, digest
from django_capi.meta import cookies
from django_capi.models import BrowserState, Event


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """One browser copy: its event, its pixels, whether Meta's library was loaded, and its value."""

    event_name: str
    event_id: str
    pixel_ids: tuple[str, ...]
    state: BrowserState
    value: Decimal | None = None
    currency: str | None = None


def record(receipts: Iterable[Receipt], *, fbp: str | None, external_id: object = None) -> int:
    """Record the receipts, all or none, with one UPDATE per state. Return the number of rows that were found."""
    now = timezone.now()
    by_state: dict[BrowserState, list[Receipt]] = {}
    for receipt in receipts:
        by_state.setdefault(receipt.state, []).append(receipt)
    cookie = cookies.parse(fbp) if fbp else None
    seen = {
        "fbp": digest(fbp),
        "fbp_made": cookie.created_ms // 1000 if cookie else 0,
        "external_id": digest(external_id),
    }
    return write(by_state, seen, now)


@retried
def write(by_state: Mapping[BrowserState, Sequence[Receipt]], seen: Mapping[str, object], now: datetime) -> int:
    with atomic_if_needed(connections[using()], is_one=len(by_state) == 1):
        return sum(update_rows(found, state, seen, now) for state, found in by_state.items())


# Seconds around an event in which a new browser may have got its `_fbp` from another page: if it opens two pages at
# once, two are made and one is kept.
FIRST_PAGES: Final = 60

# Ids that this app makes. A site's own id for `track()`, such as an order number, can be guessed: the receipt of a
# stranger must not shorten the time that the server has to deliver the event after an outage.
is_unguessable = re.compile(r"[0-9a-f]{32}").fullmatch

SAME_VISITOR: Final = """server_fbp <> '' AND server_fbp = %(fbp)s
        OR server_external_id <> '' AND server_external_id = %(external_id)s"""

# Written out, as Django took ten times as long to compile these expressions as the database to run them. MariaDB
# assigns from left to right with the new values, so assignments that read other columns come first.
UPDATE = """
UPDATE {table} SET
    shared_id = CASE WHEN %(fbp)s <> '' AND (browser_count > 0 AND browser_fbp <> %(fbp)s
        OR server_fbp <> '' AND server_fbp <> %(fbp)s AND ABS(event_time - %(fbp_made)s) > {first_pages})
        THEN %(yes)s ELSE shared_id END,
    deadline = CASE WHEN %(is_fired)s AND deadline > %(limit)s AND ({is_own}) THEN %(limit)s ELSE deadline END,
    browser_state = CASE WHEN browser_state < %(state)s THEN %(state)s ELSE browser_state END,
    {money}browser_at = COALESCE(browser_at, %(now)s),
    browser_fbp = CASE WHEN browser_fbp = '' THEN %(fbp)s ELSE browser_fbp END,
    browser_external_id = CASE WHEN browser_external_id = '' THEN %(external_id)s ELSE browser_external_id END,
    browser_count = browser_count + 1,
    changed_at = {now}
WHERE {where}
"""


def update_rows(found: Sequence[Receipt], state: BrowserState, seen: Mapping[str, object], now: datetime) -> int:
    """Record receipts of one state. All values are computed from the row, so that concurrent receipts both count."""
    connection = connections[using()]
    as_stored = connection.ops.adapt_datetimefield_value
    values: dict[str, Any] = {
        **seen,
        "yes": True,
        "is_fired": state is BrowserState.FIRED,
        "state": int(state),
        "now": as_stored(now),
        "limit": as_stored(now + DUPLICATE_WINDOW),
    }
    where = []
    own = [SAME_VISITOR]
    for number, receipt in enumerate(found):
        pixels = {f"pixel{number}_{place}": pixel_id for place, pixel_id in enumerate(receipt.pixel_ids)}
        values |= {f"name{number}": receipt.event_name, f"id{number}": receipt.event_id, **pixels}
        listed = ", ".join(f"%({key})s" for key in pixels)
        if is_unguessable(receipt.event_id):
            own.append(f"event_id = %(id{number})s")
        where.append(f"event_id = %(id{number})s AND event_name = %(name{number})s AND pixel_id IN ({listed})")
    statement = UPDATE.format(
        table=connection.ops.quote_name(Event._meta.db_table),
        now=now_in_sql(using()),
        first_pages=FIRST_PAGES,
        money=assignments_of_money(found, values),
        is_own=" OR ".join(own),
        where=" OR ".join(where),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def assignments_of_money(found: Sequence[Receipt], values: dict[str, Any]) -> str:
    """Return the assignments of value and currency, and add their parameters. Most receipts carry neither."""
    value_field = Event._meta.get_field("browser_value")
    money: dict[str, list[str]] = {}
    for number, receipt in enumerate(found):
        value = value_field.get_db_prep_save(receipt.value, connections[using()])
        for name, given in (("value", value), ("currency", receipt.currency)):
            if given is not None:
                values[f"{name}{number}"] = given
                case = f"WHEN event_id = %(id{number})s AND event_name = %(name{number})s THEN %({name}{number})s"
                money.setdefault(f"browser_{name}", []).append(case)
    return "".join(
        f"{column} = CASE WHEN browser_at IS NOT NULL THEN {column} {' '.join(cases)} ELSE {column} END,\n    "
        for column, cases in money.items()
    )
