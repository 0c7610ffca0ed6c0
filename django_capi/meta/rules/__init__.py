"""Check the payload of an event against what Meta is known to refuse or to warn of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django_capi.meta.rules.about_event import EVENT_RULES
from django_capi.meta.rules.about_money import MONEY_RULES
from django_capi.meta.rules.about_person import PERSON_RULES
from django_capi.meta.rules.about_source import SOURCE_RULES
from django_capi.meta.rules.problem import Parts, Problem, Rule, Severity
from django_capi.meta.wire import JSON

__all__ = ["CLAMPED_SECONDS", "RULES", "Problem", "Rule", "Severity", "check", "clamp_event_time", "refusal"]

CLAMPED_SECONDS: Final = 600
RULES: Final[tuple[Rule, ...]] = EVENT_RULES + SOURCE_RULES + PERSON_RULES + MONEY_RULES
_REFUSING: Final = tuple(rule for rule in RULES if rule.severity is Severity.REFUSED)


def check(payload: Mapping[str, JSON], *, now: int) -> list[Problem]:
    """Return the problems of one payload in the order of `RULES`; none of them contains a value.

    >>> [problem.field for problem in check({"event_name": "Lead"}, now=1_700_000_000)]
    ['event_time', 'action_source', 'user_data', 'event_id']
    """
    parts = _parts(payload, now)
    return [_problem(rule) for rule in RULES if rule.broken(parts)]


def refusal(payload: Mapping[str, JSON], *, now: int) -> Problem | None:
    """Return the first problem for which Meta would refuse the event; warnings are not checked."""
    parts = _parts(payload, now)
    return next((_problem(rule) for rule in _REFUSING if rule.broken(parts)), None)


def _parts(payload: Mapping[str, JSON], now: int) -> Parts:
    return Parts(
        event=payload,
        user=_mapping(payload.get("user_data")),
        custom=_mapping(payload.get("custom_data")),
        source=payload.get("action_source"),
        now=now,
    )


def clamp_event_time(event_time: int, *, now: int) -> int:
    """Replace a time less than ten minutes ahead by the current one; `check` refuses later ones."""
    return now if now < event_time < now + CLAMPED_SECONDS else event_time


def _problem(rule: Rule) -> Problem:
    return Problem(field=rule.field, rule=rule.name, severity=rule.severity, subcode=rule.subcode, advice=rule.advice)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
