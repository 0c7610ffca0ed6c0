"""A window of the ledger comes in; how far its two copies of each event met goes out, in counts.

Overlap of keys as this site can see it, never a rate of Meta's: which copy Meta kept, only Meta knows.
Test events are not counted. One query over the tallies, whatever the window holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from django.db.models import Q, Sum

from django_capi.ledger.tallies import DAY, FIGURES, HOUR, STATES
from django_capi.models import BrowserState, Span, Status, Tally

ENOUGH = 20  # fewer than this say nothing about a share


class Verdict(StrEnum):
    """What a share means: three grades, too few events to say, or nothing to divide by."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    FEW = "few"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """The share that is good, and the one below which it is poor."""

    good: float
    fair: float

    def judge(self, share: float | None, *, n: int) -> Verdict:
        if share is None:
            return Verdict.NONE
        if n < ENOUGH:
            return Verdict.FEW
        if share >= self.good:
            return Verdict.GOOD
        return Verdict.FAIR if share >= self.fair else Verdict.POOR


# Meta's playbook asks for an overlap of at least half and ideally all; Events Manager for a coverage of 75 %.
OVERLAP_GOAL = Goal(good=0.90, fair=0.50)
COVERAGE_GOAL = Goal(good=0.75, fair=0.50)
KEY_GOAL = Goal(good=0.95, fair=0.50)


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Events of a window. `browser`: the pixel fired; `server`: Meta accepted; `both`: one event, both copies."""

    events: int = 0
    browser: int = 0
    server: int = 0
    both: int = 0
    blocked: int = 0  # accepted, and the page said that the pixel was not there
    stopped: int = 0  # the pixel was not there, whatever became of the server copy
    waiting: int = 0  # the server copy has not been sent yet
    pending: int = 0  # from here: the pixel fired, and the server copy is ...
    rejected: int = 0
    expired: int = 0
    withdrawn: int = 0
    in_doubt: int = 0
    shared_ids: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in COUNT_NAMES})

    @property
    def smaller(self) -> int:
        return min(self.browser, self.server)

    @property
    def overlap(self) -> float | None:
        """Events with both copies, of the smaller channel."""
        return share(self.both, self.smaller)

    @property
    def coverage(self) -> float | None:
        """Browser events whose server copy Meta accepted under the same event id."""
        return share(self.both, self.browser)

    @property
    def server_only(self) -> int:
        return self.server - self.both

    @property
    def browser_only(self) -> int:
        return self.browser - self.both

    @property
    def unreported(self) -> int:
        """Accepted, and no receipt ever came from a page."""
        return self.server_only - self.blocked

    @property
    def overlap_verdict(self) -> Verdict:
        return OVERLAP_GOAL.judge(self.overlap, n=self.smaller)

    @property
    def coverage_verdict(self) -> Verdict:
        return COVERAGE_GOAL.judge(self.coverage, n=self.browser)


COUNT_NAMES = tuple(field.name for field in fields(Counts))


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyShare:
    """How many events of either channel carry a key that Meta can pair by, and how many pairs carry the same."""

    key: str
    browser: int
    browser_of: int
    server: int
    server_of: int
    equal: int
    differ: int

    @property
    def browser_share(self) -> float | None:
        return share(self.browser, self.browser_of)

    @property
    def server_share(self) -> float | None:
        return share(self.server, self.server_of)

    @property
    def overlap(self) -> float | None:
        return share(self.equal, min(self.browser, self.server))

    @property
    def browser_verdict(self) -> Verdict:
        return KEY_GOAL.judge(self.browser_share, n=self.browser_of)

    @property
    def server_verdict(self) -> Verdict:
        return KEY_GOAL.judge(self.server_share, n=self.server_of)

    @property
    def overlap_verdict(self) -> Verdict:
        return OVERLAP_GOAL.judge(self.overlap, n=min(self.browser, self.server))


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap:
    """The whole window: every event name on its own, all of them together, and the keys."""

    names: dict[str, Counts]
    total: Counts
    keys: tuple[KeyShare, ...]


def start_of(days: int, now: datetime) -> int:
    """The hour in which the window of so many days begins, in Unix seconds."""
    since = int(now.timestamp()) - days * DAY
    return since - since % HOUR


def measure(*, pixel_id: str | None, since: int) -> Overlap:
    """Sum up the tallies of one pixel, or of all, from an hour on, in Unix seconds."""
    states = list(sums(pixel_id=pixel_id, since=since))
    names: dict[str, Counts] = {}
    for state in states:
        names[state.event_name] = names.get(state.event_name, Counts()) + state.counts()
    total = sum(names.values(), Counts())
    return Overlap(names=dict(sorted(names.items())), total=total, keys=by_key(states, total))


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """The events of one name in one state of both copies, and the figures counted of them."""

    event_name: str
    status: Status
    browser_state: BrowserState
    figures: Mapping[str, int]

    def counts(self) -> Counts:
        """A row once for each count that its state belongs to."""
        return in_state(
            self.status, self.browser_state, events=self.figures["events"], shared_ids=self.figures["shared_ids"]
        )


def sums(*, pixel_id: str | None, since: int) -> Iterator[State]:
    """Whole days as days, and the hours of the first one that is not whole."""
    first_day = since + -since % DAY
    rows = Tally.objects.filter(
        Q(span=Span.HOUR, start__gte=since, start__lt=first_day) | Q(span=Span.DAY, start__gte=first_day)
    )
    if pixel_id is not None:
        rows = rows.filter(pixel_id=pixel_id)
    for name, status, browser_state, *figures in (
        rows.order_by().values_list(*STATES).annotate(**{f"{name}_sum": Sum(name) for name in FIGURES})
    ):
        yield State(
            event_name=name,
            status=Status(status),
            browser_state=BrowserState(browser_state),
            figures=dict(zip(FIGURES, figures, strict=True)),
        )


NOT_ACCEPTED = {
    Status.PENDING: "pending",
    Status.REJECTED: "rejected",
    Status.EXPIRED: "expired",
    Status.WITHDRAWN: "withdrawn",
    Status.IN_DOUBT: "in_doubt",
}


def in_state(status: Status, state: BrowserState, *, events: int, shared_ids: int) -> Counts:
    """What events of this server and this browser state add to the figures."""
    fired, blocked = state is BrowserState.FIRED, state is BrowserState.BLOCKED
    accepted = status is Status.ACCEPTED
    figures = {
        "browser": fired,
        "server": accepted,
        "both": fired and accepted,
        "blocked": blocked and accepted,
        "stopped": blocked,
        "waiting": status is Status.PENDING,
    }
    counts = {name: events for name, counted in figures.items() if counted}
    if fired and not accepted:
        counts[NOT_ACCEPTED[status]] = events
    return Counts(events=events, shared_ids=shared_ids, **counts)


def by_key(states: Sequence[State], total: Counts) -> tuple[KeyShare, ...]:
    """The event id first: a row is one event id, so both of its copies carry it, and the same one."""
    event_id = {"browser": total.browser, "server": total.server, "equal": total.both, "pairs": total.both}
    return tuple(
        KeyShare(
            key=key,
            browser=counts["browser"],
            browser_of=total.browser,
            server=counts["server"],
            server_of=total.server,
            equal=counts["equal"],
            differ=counts["pairs"] - counts["equal"],
        )
        for key, counts in {"event_id": event_id, **{key: key_counts(key, states) for key in KEY_NAMES}}.items()
    )


KEY_NAMES = ("external_id", "fbp")


def key_counts(key: str, states: Sequence[State]) -> dict[str, int]:
    """Only of copies that left: the pixel fired, Meta accepted, or both."""
    fired = [state for state in states if state.browser_state is BrowserState.FIRED]
    accepted = [state for state in states if state.status is Status.ACCEPTED]
    both = [state for state in fired if state.status is Status.ACCEPTED]
    of = {"browser": fired, "server": accepted, "pairs": both, "equal": both}
    return {part: sum(state.figures[f"{key}_{part}"] for state in found) for part, found in of.items()}


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
