"""A window of the ledger comes in; how far its two copies of each event met goes out, in counts.

Overlap of keys as this site can see it, never a rate of Meta's: which copy Meta kept, only Meta knows.
Test events are not counted. Two queries, whatever the window holds.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from django.db.models import Count, F, Q, QuerySet

from django_capi.models import BrowserState, Event, Status

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


def measure(*, pixel_id: str | None, since: int, until: int) -> Overlap:
    """Count the events of one pixel, or of all, whose time is in [since, until), in Unix seconds."""
    rows = Event.objects.filter(test_event_code="", event_time__gte=since, event_time__lt=until)
    if pixel_id is not None:
        rows = rows.filter(pixel_id=pixel_id)
    names = by_name(rows)
    total = sum(names.values(), Counts())
    return Overlap(names=names, total=total, keys=by_key(rows, total))


def by_name(rows: QuerySet[Event]) -> dict[str, Counts]:
    """Grouped by the two states and added up here: a CASE for every figure costs the database four times as much."""
    grouped = (
        rows.order_by("event_name")
        .values("event_name", "status", "browser_state")
        .annotate(events=Count("pk"), shared_ids=Count("pk", filter=Q(shared_id=True)))
    )
    names: dict[str, Counts] = {}
    for name, status, state, events, shared_ids in grouped.values_list(*GROUPED):
        counts = in_state(Status(status), BrowserState(state), events=events, shared_ids=shared_ids)
        names[name] = names.get(name, Counts()) + counts
    return names


GROUPED = ("event_name", "status", "browser_state", "events", "shared_ids")
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


FIRED = Q(browser_state=BrowserState.FIRED)
ACCEPTED = Q(status=Status.ACCEPTED)
# The key's name at Meta, and the fields of a row that tell whether either copy carries it, and the same one.
KEY_FIELDS = {
    "external_id": ("browser_external_id", "server_external_id"),
    "fbp": ("browser_fbp", "server_fbp"),
}


def by_key(rows: QuerySet[Event], total: Counts) -> tuple[KeyShare, ...]:
    """The event id first: a row is one event id, so both of its copies carry it, and the same one."""
    found = rows.filter(FIRED | ACCEPTED).aggregate(**key_counts())
    event_id = {"browser": total.browser, "server": total.server, "equal": total.both, "pairs": total.both}
    others = {key: {part: found[f"{key}_{part}"] for part in event_id} for key in KEY_FIELDS}
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
        for key, counts in {"event_id": event_id, **others}.items()
    )


def key_counts() -> dict[str, Count]:
    counts = {}
    for key, (browser, server) in KEY_FIELDS.items():
        in_browser, in_server = FIRED & ~Q(**{browser: ""}), ACCEPTED & ~Q(**{server: ""})
        counts[f"{key}_browser"] = Count("pk", filter=in_browser)
        counts[f"{key}_server"] = Count("pk", filter=in_server)
        counts[f"{key}_pairs"] = Count("pk", filter=in_browser & in_server)
        counts[f"{key}_equal"] = Count("pk", filter=in_browser & in_server & Q(**{browser: F(server)}))
    return counts


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
