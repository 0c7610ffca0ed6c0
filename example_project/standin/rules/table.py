"""In: one event and the time. Out: the vocabulary of the rule tables: facts, rules, refusals and small predicates."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

EMPTY: Mapping[str, object] = {}


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why Meta refuses: the field is named, its value never is."""

    rule: str
    field: str
    subcode: int | None
    says: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One event, opened up for the rules; a null counts as absent."""

    event: Mapping[str, object]
    now: float

    @cached_property
    def user_data(self) -> Mapping[str, object]:
        return present(self.event.get("user_data"))

    @cached_property
    def custom_data(self) -> Mapping[str, object]:
        return present(self.event.get("custom_data"))

    @cached_property
    def app_data(self) -> Mapping[str, object]:
        return present(self.event.get("app_data"))

    @property
    def action_source(self) -> object:
        return self.event.get("action_source")

    @property
    def event_name(self) -> object:
        return self.event.get("event_name")


Faulty = Callable[[Facts], Iterable[str]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row: `faulty` yields the names of the fields that break it. Subcodes only where one is documented."""

    name: str
    says: str
    faulty: Faulty
    subcode: int | None = None

    def refusal(self, facts: Facts) -> Refusal | None:
        field = next(iter(self.faulty(facts)), None)
        if field is None:
            return None
        return Refusal(rule=self.name, field=field, subcode=self.subcode, says=self.says)


Test = Callable[[object], bool]


def present(value: object) -> Mapping[str, object]:
    """The keys of an object that hold something."""
    if not isinstance(value, dict):
        return EMPTY
    return {key: item for key, item in value.items() if item is not None}


def misfits(values: Mapping[str, object], tests: Mapping[str, Test]) -> Iterable[str]:
    """The keys that are there and fail their test."""
    return (key for key, test in tests.items() if values.get(key) is not None and not test(values[key]))


def is_object(value: object) -> bool:
    return isinstance(value, dict)


def is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def is_short_text(value: object) -> bool:
    # Meta checks lengths (s2s_invalid_order_id_length) and publishes no limit; this one is generous.
    return isinstance(value, str) and is_text(value) and len(value) <= 512


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_flag(value: object) -> bool:
    return isinstance(value, bool)


def is_number(value: object) -> bool:
    """A JSON number, or the same as text: Meta's own samples send `"142.52"`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return False
    try:
        return math.isfinite(float(value))
    except (ValueError, OverflowError):
        return False


def one_of(*choices: object) -> Test:
    """Membership by type as well, so that `true` is not taken for 1."""
    return lambda value: any(type(value) is type(choice) and value == choice for choice in choices)


def list_of(test: Test) -> Test:
    return lambda value: isinstance(value, list) and all(test(item) for item in value)


def either(first: Test, second: Test) -> Test:
    return lambda value: first(value) or second(value)
