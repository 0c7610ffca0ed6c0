"""The five outcomes of an event: what became of its two copies together."""

from __future__ import annotations

from enum import StrEnum
from functools import reduce
from operator import or_
from typing import Final

from django.db.models import F, Q

from django_capi.models import BrowserState, Status

REFUSED: Final = [status for status in Status if status not in (Status.PENDING, Status.ACCEPTED)]


class Outcome(StrEnum):
    """Every event has exactly one of them. The values are those of the list's filter."""

    MET = "met"  # Meta accepted the server copy, and the browser's pixel fired
    SERVER = "server"
    BROWSER = "browser"
    NEITHER = "neither"
    WAITING = "waiting"  # the server copy has not reached a final state


def outcome_of(status: Status, state: BrowserState) -> Outcome:
    if status is Status.PENDING:
        return Outcome.WAITING
    if status is Status.ACCEPTED:
        return Outcome.MET if state is BrowserState.FIRED else Outcome.SERVER
    return Outcome.BROWSER if state is BrowserState.FIRED else Outcome.NEITHER


def condition(outcome: Outcome) -> Q:
    """Return the condition on events that have this outcome."""
    fired = Q(browser_state=BrowserState.FIRED)
    refused = Q(status__in=REFUSED)
    return {
        Outcome.MET: Q(status=Status.ACCEPTED) & fired,
        Outcome.SERVER: Q(status=Status.ACCEPTED) & ~fired,
        Outcome.BROWSER: refused & fired,
        Outcome.NEITHER: refused & ~fired,
        Outcome.WAITING: Q(status=Status.PENDING),
    }[outcome]


def statuses(outcome: Outcome) -> frozenset[Status]:
    """Return the states of the server copy that events with this outcome may have."""
    return frozenset(status for status in Status for state in BrowserState if outcome_of(status, state) is outcome)


def has_value_mismatch() -> Q:
    """Return the condition on events whose two copies differ in value or currency; of one visitor, see `shared_id`."""
    differ = (
        Q(**{f"browser_{column}__{side}": F(column)}) for column in ("value", "currency") for side in ("lt", "gt")
    )
    return condition(Outcome.MET) & Q(shared_id=False) & reduce(or_, differ)
