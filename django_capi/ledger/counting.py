"""What is counted of the events of an hour, and the rows that the tables of tallies hold about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import add, itemgetter, or_
from typing import Any, Final

from django.db.models import Case, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models import Count as CountOf
from django.db.models.expressions import Combinable
from django.db.models.functions import Abs, Coalesce
from django.db.models.lookups import GreaterThan

from django_capi.clock import MICROSECOND, MicrosecondsBetween, SecondsBucket
from django_capi.database.alias import using
from django_capi.ledger.store import DEDUPLICATION_WINDOW, VALUE_STEP
from django_capi.meta.rules import CLAMPED_SECONDS
from django_capi.models import BrowserState, Event, KeyTally, Span, Status, Tally

Groups = Iterable[Mapping[str, Any]]

HOUR: Final = 3600  # seconds
DAY: Final = 24 * HOUR
HOUR_OF_EVENT: Final = F("event_time") - F("event_time") % HOUR

PLACE: Final = ("pixel_id", "start")
STATES: Final = ("event_name", "status", "browser_state", "currency", "reason")
KEY_STATES: Final = ("event_name", "status", "match_keys")
WITH_REASON: Final = (Status.REJECTED, Status.EXPIRED)  # whose reasons are one of a few
# The states of a tally that are not columns of an event under the same name, or not always.
COMPUTED: Final[Mapping[str, Combinable]] = {
    "currency": Coalesce("currency", Value("")),
    "reason": Case(When(status__in=WITH_REASON, then=F("error_reason")), default=Value("")),
}
KEYS: Final = {
    "fbp": ("browser_fbp", "server_fbp"),
    "external_id": ("browser_external_id", "server_external_id"),
}
# From the event to Meta's answer: the longest time that each counts, in seconds. None: without limit.
DELAYS: Final[Mapping[str, int | None]] = {
    "delay_1s": 1,
    "delay_10s": 10,
    "delay_1m": 60,
    "delay_5m": 300,
    "delay_1h": HOUR,
    "delay_2h": 2 * HOUR,
    "delay_1d": DAY,
    "delay_longer": None,
}


def figures() -> dict[str, CountOf | Sum]:
    """Return what is counted of the rows in one state."""
    found: dict[str, CountOf | Sum] = {"events": CountOf("pk"), "shared_ids": CountOf("pk", filter=Q(shared_id=True))}
    for key, (browser, server) in KEYS.items():
        in_browser, in_server = ~Q(**{browser: ""}), ~Q(**{server: ""})
        found[f"{key}_browser"] = CountOf("pk", filter=in_browser)
        found[f"{key}_server"] = CountOf("pk", filter=in_server)
        found[f"{key}_pairs"] = CountOf("pk", filter=in_browser & in_server)
        found[f"{key}_equal"] = CountOf("pk", filter=in_browser & in_server & Q(**{browser: F(server)}))
    found["far_apart"] = CountOf("pk", filter=is_far_apart())
    found["of_value"] = Sum("value")
    return found


def is_far_apart() -> Q:
    """Return the condition on pairs of which Meta no longer drops the second copy."""
    gap = Abs(MicrosecondsBetween("browser_at", "finished_at"))
    is_pair = Q(status=Status.ACCEPTED, browser_state=BrowserState.FIRED)
    return is_pair & Q(GreaterThan(gap, DEDUPLICATION_WINDOW // MICROSECOND))


def newest_far_apart(now: datetime) -> int:
    """Return the latest time at which an event of such a pair can have happened, in Unix seconds.

    The first copy came before that time, by a clock that may have been ahead by as much as is clamped.
    """
    return int((now - DEDUPLICATION_WINDOW).timestamp()) + CLAMPED_SECONDS


def delay() -> Case:
    """Return the place of the event's delay in DELAYS; -1 if Meta has not accepted it. Rows are grouped by it."""
    limits = [limit for limit in DELAYS.values() if limit is not None]
    return Case(
        When(
            status=Status.ACCEPTED, finished_at__isnull=False, then=SecondsBucket("finished_at", "event_time", limits)
        ),
        default=Value(-1),
        output_field=IntegerField(),
    )


FIGURES: Final = (*(name for name in figures() if name != "of_value"), "value", *DELAYS)
NONE_COUNTED: Final[Mapping[str, int | Decimal]] = {**dict.fromkeys(FIGURES, 0), "value": Decimal(0)}


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of one pixel, or its first one of a day."""

    pixel_id: str
    start: int  # Unix seconds


def among(places: Iterable[Hour]) -> Q:
    """The tallies that start there."""
    return reduce(or_, (Q(start=place.start, pixel_id=place.pixel_id) for place in places))


def within(hours: Iterable[Hour]) -> Q:
    """The events of these hours. SQLite reads an hour as often as the condition names it, so its pixels share one."""
    pixel_ids: dict[int, list[str]] = {}
    for hour in hours:
        pixel_ids.setdefault(hour.start, []).append(hour.pixel_id)
    whiles = (Q(event_time__range=(start, start + HOUR - 1), pixel_id__in=found) for start, found in pixel_ids.items())
    return reduce(or_, whiles)


def grouped(rows: QuerySet[Event]) -> list[Mapping[str, Any]]:
    """Return the figures of these rows, by hour and by the states of all tables. Test events are not counted.

    One query for all tables has more groups than one for each, but the rows are wide, and reading them costs most.
    """
    counted = rows.filter(test_event_code="").annotate(start=HOUR_OF_EVENT).order_by()
    columns = [name for name in dict.fromkeys((*STATES, *KEY_STATES)) if name not in COMPUTED]
    computed = {f"of_{name}": expression for name, expression in COMPUTED.items()}
    return [made(row) for row in counted.values(*PLACE, *columns, of_delay=delay(), **computed).annotate(**figures())]


def made(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row of a group, its columns named as those of the tallies."""
    found = {**NONE_COUNTED, **row, "value": row["of_value"] or Decimal(0)}
    found |= {name: row[f"of_{name}"] for name in COMPUTED}
    if row["of_delay"] >= 0:
        found[tuple(DELAYS)[row["of_delay"]]] = row["events"]
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table of tallies: the columns that tell its rows apart, and those that are added up."""

    model: type[Tally | KeyTally]
    states: tuple[str, ...]
    figures: tuple[str, ...]

    def rows(self) -> QuerySet[Any]:
        return self.model._default_manager.using(using())


TABLES: Final = (
    Table(model=Tally, states=STATES, figures=FIGURES),
    Table(model=KeyTally, states=KEY_STATES, figures=("events",)),
)


def made_of(table: Table, span: Span, found: Groups, now: datetime) -> list[Tally | KeyTally]:
    """One tally a state, those of one place and state added up."""
    columns = (*PLACE, *table.states)
    state_of, figures_of = itemgetter(*columns), itemgetter("events", *table.figures)
    sums: dict[tuple[Any, ...], Sequence[Any]] = {}
    for row in found:
        state, more = state_of(row), figures_of(row)
        sums[state] = list(map(add, sums[state], more)) if state in sums else more
    return [
        table.model(
            span=span,
            counted_at=now,
            **dict(zip(columns, state, strict=True)),
            **rounded(dict(zip(table.figures, added[1:], strict=True))),
        )
        for state, added in sums.items()
    ]


def rounded(added: dict[str, Any]) -> dict[str, Any]:
    """SQLite's sums are not decimal."""
    return {**added, "value": added["value"].quantize(VALUE_STEP)} if "value" in added else added
