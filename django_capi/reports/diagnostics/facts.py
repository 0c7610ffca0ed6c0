"""What the diagnostics are derived from: a snapshot of the last day, read by `gather` and judged without a query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django_capi.models import Event, Lane, Origin, Status
from django_capi.reports.diagnostics.hosts import unknown_host
from django_capi.reports.overlap import Counts
from django_capi.reports.sums import State

SETTLED_AFTER: Final = 300  # seconds, after which a page has reported an event if it ever does


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """The columns of one event that tell what is wrong with it."""

    pixel_id: str
    event_name: str
    event_id: str
    event_time: int
    action_source: str
    page: str
    origin: int
    status: int
    browser_state: int
    match_keys: int
    left_out: str
    server_fbp: str = field(repr=False)
    server_external_id: str = field(repr=False)
    browser_fbp: str = field(repr=False)
    browser_external_id: str = field(repr=False)
    server_ip: str | None = field(repr=False)
    server_ip_version: int | None
    shared_id: bool
    test_event_code: str
    error_reason: str
    error_subcode: int | None
    finished_at: datetime | None
    value: Decimal | None
    currency: str | None
    browser_value: Decimal | None
    browser_currency: str | None
    unknown_host: str  # of its page, if the settings do not name it

    @classmethod
    def of(cls, event: Event) -> LedgerRow:
        return cls.read(*(getattr(event, name) for name in COLUMNS), event.payload)

    @classmethod
    def read(cls, *values: Any) -> LedgerRow:
        """Return the row of these values of COLUMNS and of the payload, or its part with the address."""
        *columns, payload = values
        return cls(*[*columns, unknown_host(payload)])

    @property
    def place(self) -> tuple[str, str]:
        return self.pixel_id, self.event_name


COLUMNS: Final = tuple(name for name in LedgerRow.__slots__ if name != "unknown_host")
Concern = Callable[[LedgerRow], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tallied:
    """The tallies of one event name of one pixel."""

    counts: Counts
    states: tuple[State, ...]

    def of(self, status: Status) -> int:
        return sum(state.events for state in self.states if state.status is status)


@dataclass(frozen=True, kw_only=True, slots=True)
class PixelBacklog:
    """The events of a pixel that could be sent now, and since when the oldest could."""

    events: int
    oldest: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherPixel:
    """A pixel of other code on the pages of ours, and on how many pages it was seen."""

    pixel_id: str
    other_id: str
    pages: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """The conversions or the events of a time, and how many of them were not sent for lack of consent."""

    refused: int = 0
    total: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LostConversions:
    """How many of the newest conversions never became events although their customers had agreed."""

    lost: int
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """The last day as this site knows it. `rows` are the newest events; those with a test code are in `tests`."""

    now: datetime
    pixel_ids: tuple[str, ...]
    tallied: Mapping[tuple[str, str], Tallied] = field(default_factory=dict)
    rows: Sequence[LedgerRow] = ()
    tests: Sequence[LedgerRow] = ()
    shown: AbstractSet[tuple[str, str]] = frozenset()  # id and name of conversions whose browser copy was rendered
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    due: Mapping[str, PixelBacklog] = field(default_factory=dict)
    others: Sequence[OtherPixel] = ()
    answers: Mapping[str, Answers] = field(default_factory=dict)  # the newest conversions, by event name
    answers_before: Mapping[str, Answers] = field(default_factory=dict)  # of the six days before
    asked: Mapping[tuple[str, str], Answers] = field(default_factory=dict)  # events, by pixel and event name
    asked_before: Mapping[tuple[str, str], Answers] = field(default_factory=dict)  # of the six days before
    stopped: Mapping[tuple[str, str], int] = field(default_factory=dict)  # days, by pixel and event name
    lost_conversions: Mapping[str, LostConversions] = field(default_factory=dict)  # by event name
    test_codes: AbstractSet[str] = frozenset()  # pixels with a test code in the settings
    clock_ahead: timedelta = timedelta()  # this machine's, of the database's
    lacks_script: bool = False
    lacks_policy: bool = False  # of consent
    blocks_pixel: bool = False  # by the site's own Content-Security-Policy

    def rendered(self) -> Iterator[LedgerRow]:
        """Return the events that a page rendered long enough ago for its report to have come."""
        limit = int(self.now.timestamp()) - SETTLED_AFTER
        return (row for row in self.rows if row.event_time <= limit and self.is_rendered(row))

    def is_rendered(self, row: LedgerRow) -> bool:
        return row.origin == Origin.PAGE or (row.event_id, row.event_name) in self.shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """How many of how many show a problem. Names that are empty stand for all."""

    pixel_id: str = ""
    event_name: str = ""
    affected: int
    total: int
    detail: str = ""


def by_place(rows: Iterable[LedgerRow], concerns: Concern) -> Iterator[Measure]:
    """Measure how many rows of each pixel and event name show it."""
    affected: dict[tuple[str, str], int] = {}
    total: dict[tuple[str, str], int] = {}
    for row in rows:
        total[row.place] = total.get(row.place, 0) + 1
        affected[row.place] = affected.get(row.place, 0) + concerns(row)
    for place, count in total.items():
        yield Measure(pixel_id=place[0], event_name=place[1], affected=affected[place], total=count)


def by_pixel(rows: Iterable[LedgerRow], concerns: Concern) -> Iterator[Measure]:
    """Measure how many rows of each pixel show it."""
    found: dict[str, list[bool]] = {}
    for row in rows:
        found.setdefault(row.pixel_id, []).append(concerns(row))
    for pixel_id, shown in found.items():
        yield Measure(pixel_id=pixel_id, affected=sum(shown), total=len(shown))


def of_tallies(facts: Facts, count: Callable[[Tallied], tuple[int, int]]) -> Iterator[Measure]:
    """Measure the tallies of each pixel and event name."""
    for (pixel_id, event_name), tallied in facts.tallied.items():
        affected, total = count(tallied)
        yield Measure(pixel_id=pixel_id, event_name=event_name, affected=affected, total=total)
