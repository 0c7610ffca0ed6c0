"""In: one event as it was sent. Out: the first of Meta's documented rules it breaks, or None."""

from __future__ import annotations

from example_project.standin.rules.custom import CUSTOM_RULES
from example_project.standin.rules.event import EVENT_RULES
from example_project.standin.rules.person import PERSON_RULES
from example_project.standin.rules.source import SOURCE_RULES
from example_project.standin.rules.table import Facts, Refusal, Rule

RULES: tuple[Rule, ...] = (*EVENT_RULES, *SOURCE_RULES, *PERSON_RULES, *CUSTOM_RULES)


def first_refusal(event: object, *, now: float) -> Refusal | None:
    """What Meta would say of this event: it names one fault, and the whole batch goes with it."""
    if not isinstance(event, dict):
        return Refusal(rule="event_shape", field="data", subcode=None, says="Each event is an object.")
    facts = Facts(event=event, now=now)
    return next((refusal for rule in RULES if (refusal := rule.refusal(facts))), None)


__all__ = ["RULES", "Refusal", "first_refusal"]
