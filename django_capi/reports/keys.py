"""How many events of either channel carry the keys that Meta deduplicates by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django_capi.models import BrowserState, Status
from django_capi.reports.goals import KEY_GOAL, OVERLAP_GOAL, Grade, share
from django_capi.reports.sums import State

KEYS: Final = ("external_id", "fbp")
SIGNED_IN_ONLY: Final = ("external_id",)  # keys that a visitor has only when signed in


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyShare:
    """How many events of either channel carry a key, of those that could, and how many pairs carry the same value."""

    key: str
    browser: int
    browser_of: int
    server: int
    server_of: int
    equal: int
    differ: int
    lost: int = 0  # of the window: nothing is good then

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
    def browser_grade(self) -> Grade:
        return KEY_GOAL.judge(self.browser_share, n=self.browser_of, lost=self.lost)

    @property
    def server_grade(self) -> Grade:
        return KEY_GOAL.judge(self.server_share, n=self.server_of, lost=self.lost)

    @property
    def overlap_grade(self) -> Grade:
        return OVERLAP_GOAL.judge(self.overlap, n=min(self.browser, self.server), lost=self.lost)


def by_key(states: Sequence[State], *, lost: int) -> tuple[KeyShare, ...]:
    """The event id first: a row is one event id, so both of its copies carry it, and the same one."""
    fired = [state for state in states if state.browser_state is BrowserState.FIRED]
    accepted = [state for state in states if state.status is Status.ACCEPTED]
    both = [state for state in fired if state.status is Status.ACCEPTED]
    browser, server, pairs = (sum(state.events for state in found) for found in (fired, accepted, both))
    event_id = KeyShare(
        key="event_id",
        browser=browser,
        browser_of=browser,
        server=server,
        server_of=server,
        equal=pairs,
        differ=0,
        lost=lost,
    )
    return (event_id, *(replace(key_share(key, fired, accepted, both), lost=lost) for key in KEYS))


def key_share(key: str, fired: Sequence[State], accepted: Sequence[State], both: Sequence[State]) -> KeyShare:
    """Only of copies that were sent: the pixel fired, Meta accepted, or both."""
    equal = figure(both, key, "equal")
    return KeyShare(
        key=key,
        browser=figure(fired, key, "browser"),
        browser_of=could_carry(key, fired),
        server=figure(accepted, key, "server"),
        server_of=could_carry(key, accepted),
        equal=equal,
        differ=figure(both, key, "pairs") - equal,
    )


def could_carry(key: str, states: Sequence[State]) -> int:
    """Return the events that could carry the key: those of guests have no external id in either copy."""
    if key not in SIGNED_IN_ONLY:
        return sum(state.events for state in states)
    return figure(states, key, "browser") + figure(states, key, "server") - figure(states, key, "pairs")


def figure(states: Sequence[State], key: str, part: str) -> int:
    return sum(state.figures[f"{key}_{part}"] for state in states)
