"""Collect what the digest of a day says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django_capi.digest.problems import Days, DigestProblem, open_problems
from django_capi.ledger import tallies
from django_capi.models import Status
from django_capi.reports import evidence, windows
from django_capi.reports.evidence import Unsent
from django_capi.reports.outcomes import Outcome
from django_capi.reports.overlap import REVENUE, Overlap, measured
from django_capi.reports.sums import Scope, State


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """The events of one name that Meta has by neither channel, by reason, and their value by currency."""

    event_name: str
    events: int
    reasons: Sequence[tuple[str, int]]
    value: Mapping[str, Decimal]


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """What is said of one day."""

    day: date
    days: Days
    losses: Sequence[Loss]
    unsent: Unsent
    problems: Sequence[DigestProblem]

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened and nothing is wrong."""
        total = self.days.day.total
        return not (total.events or total.lost_conversions or self.problems)


def of(day: date) -> Digest:
    """Count the day, in the current time zone, and examine the site."""
    tallies.refresh()
    unsent = evidence.not_sent(scope_of(day))
    days = Days(
        day=measured(scope_of(day), lost_conversions=unsent.lost_by_name),
        day_before=measured_on(day - timedelta(days=1)),
        week_before=measured_on(day - timedelta(days=7)),
    )
    return Digest(day=day, days=days, losses=losses_of(days.day), unsent=unsent, problems=open_problems(days))


def measured_on(day: date) -> Overlap:
    return measured(scope_of(day))


def scope_of(day: date) -> Scope:
    return Scope(window=windows.between(day, day))


def losses_of(found: Overlap) -> list[Loss]:
    """Return the losses by event name, the largest first. Withdrawn events are not lost."""
    by_name: dict[str, list[State]] = {}
    for state in found.states:
        if state.outcome is Outcome.NEITHER and state.status is not Status.WITHDRAWN:
            by_name.setdefault(state.event_name, []).append(state)
    losses = [loss_of(name, states) for name, states in by_name.items()]
    return sorted(losses, key=lambda loss: (-loss.events, loss.event_name))


def loss_of(name: str, states: Sequence[State]) -> Loss:
    reasons: Counter[str] = Counter()
    value: dict[str, Decimal] = {}
    for state in states:
        reasons[state.reason or str(state.status.label)] += state.events
        if state.currency:
            value[state.currency] = value.get(state.currency, Decimal(0)) + state.value
    return Loss(
        event_name=name,
        events=reasons.total(),
        reasons=reasons.most_common(),
        value=dict(sorted(value.items())),
    )


def only_server(found: Overlap) -> dict[str, Decimal]:
    """Return the revenue that only the server reported to Meta, by currency."""
    money = found.money.get(REVENUE, {})
    return {currency: outcomes[Outcome.SERVER] for currency, outcomes in sorted(money.items())}
