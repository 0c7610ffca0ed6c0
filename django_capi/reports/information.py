"""Which customer keys the server events carry, from the tallies and from a bounded number of the newest events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from django.db.models import F, Q, Sum, Value
from django.db.models.functions import Concat
from django.db.models.lookups import Contains, Exact, GreaterThan

from django_capi.ledger.tallies import HOUR
from django_capi.meta.rules.about_person import TOO_BROAD
from django_capi.models import MATCH_KEYS, KeyTally, MatchKey, Status
from django_capi.reports.goals import ENOUGH, share
from django_capi.reports.newest import newest_since
from django_capi.reports.sums import Scope
from django_capi.reports.windows import Window

MOST_EVENTS: Final = 5000  # that are read for the reasons of gaps
MOST_REASONS: Final = 50
STEADY: Final = 0.01  # a smaller change of a share is none


def mask_of(keys: Iterable[str]) -> int:
    return int(sum(MatchKey[key] for key in keys if key in MATCH_KEYS))


ALL_KEYS: Final = mask_of(MATCH_KEYS)
# What Meta refuses as too broad: events with no keys besides those of one of the combinations.
WEAK_MASKS: Final = tuple(mask_of(keys) for keys in TOO_BROAD)


def carries(key: str) -> Q:
    """Return the condition on events that carry this key."""
    return Q(GreaterThan(F("match_keys").bitand(MatchKey[key].value), 0))


def lacks(key: str) -> Q:
    return Q(Exact(F("match_keys").bitand(MatchKey[key].value), 0))


def is_weak() -> Q:
    """Return the condition on rejected events without any key besides those of a combination that Meta refuses."""
    found = Q()
    for mask in WEAK_MASKS:
        found |= Q(Exact(F("match_keys").bitand(~mask & ALL_KEYS), 0))
    return Q(status=Status.REJECTED, match_keys__gt=0) & found


def has_left_out(word: str) -> Q:
    """Return the condition on events that left out a value for this `key:reason`."""
    return Q(Contains(Concat(Value(" "), F("left_out"), Value(" ")), f" {word} "))


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """How many accepted events there are, how many carry each key, and how many rejected ones carry too little."""

    events: int
    by_key: dict[str, int]
    weak: int

    def share(self, key: str) -> float | None:
        return share(self.by_key[key], self.events)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """An hour or a day of the window."""

    start: int  # Unix seconds
    carried: Carried


@dataclass(frozen=True, kw_only=True, slots=True)
class Information:
    """The window, the one before it, and each step of the window that has accepted events."""

    now: Carried
    before: Carried
    steps: tuple[Step, ...]

    def change(self, key: str) -> float | None:
        """Return by how much the share of the key has changed; None if either window has too few events."""
        now, before = self.now.share(key), self.before.share(key)
        if now is None or before is None or min(self.now.events, self.before.events) < ENOUGH:
            return None
        return now - before


Sums = Counter[tuple[int, Status, int]]  # events by start of the step, status and match keys


def information(scope: Scope, before: Window, step: int) -> Information:
    """Sum up the tallies of both windows, with two queries."""
    found = sums_of(scope, scope.window, step)
    by_step: dict[int, Sums] = {}
    for (start, status, keys), events in found.items():
        by_step.setdefault(start, Counter())[start, status, keys] += events
    steps = (Step(start=start, carried=carried(by_step[start])) for start in sorted(by_step))
    return Information(
        now=carried(found),
        before=carried(sums_of(scope, before, step)),
        steps=tuple(each for each in steps if each.carried.events),
    )


def sums_of(scope: Scope, window: Window, step: int) -> Sums:
    tallies = window.hourly() if step == HOUR else window.tallies()
    rows = KeyTally.objects.filter(tallies, **scope.only(), status__in=(Status.ACCEPTED, Status.REJECTED))
    rows = rows.annotate(at=F("start") - F("start") % step).order_by()
    counts = rows.values_list("at", "status", "match_keys").annotate(events_sum=Sum("events"))
    return Counter({(at, Status(status), keys): events for at, status, keys, events in counts})


def carried(sums: Sums) -> Carried:
    accepted = Counter[int]()
    weak = 0
    for (_start, status, keys), events in sums.items():
        if status is Status.ACCEPTED:
            accepted[keys] += events
        elif keys and any(not keys & ~mask for mask in WEAK_MASKS):
            weak += events
    return Carried(
        events=sum(accepted.values()),
        by_key={
            key: sum(events for keys, events in accepted.items() if keys & MatchKey[key].value) for key in MATCH_KEYS
        },
        weak=weak,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Gaps:
    """What was left out of the newest events, as `key:reason`, and since when these are."""

    since: int  # Unix seconds
    is_cut: bool  # the window has more events
    words: Counter[str]


def gaps(scope: Scope) -> Gaps:
    """Count the reasons of the newest events of the window, with two queries of bounded cost."""
    since, is_cut = newest_since(scope.window, MOST_EVENTS)
    rows = replace(scope.window, since=since).events().filter(test_event_code="", **scope.only())
    words = Counter[str]()
    for left_out in rows.exclude(left_out="").order_by().values_list("left_out", flat=True):
        words.update(set(left_out.split()))
    return Gaps(since=since, is_cut=is_cut, words=words)
