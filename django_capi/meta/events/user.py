"""The `user_data` of an event: customer information, hashed where Meta requires it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any, Final

from django_capi.meta.events.names import InvalidEvent
from django_capi.meta.iterables import is_several
from django_capi.meta.left_out import LeftOut, Reason, left_out
from django_capi.meta.normalize import place_of, sent_form, sent_forms, sent_plainly
from django_capi.meta.normalize.hashing import SHA256_FORM
from django_capi.meta.normalize.keys import ACCEPTED_NAMES, BY_KEY, HASHED, SEVERAL, WHOLE_NUMBERS
from django_capi.meta.wire import JSON

Hashes = str | tuple[str, ...]
Sent = Hashes | int


class UserData:
    """Customer information in the form in which it is sent: contact data only as SHA-256.

    Has an attribute for each row of `CUSTOMER_KEYS`, which is None if the value is unknown, and `left_out`.
    """

    left_out: tuple[LeftOut, ...] = ()

    if TYPE_CHECKING:

        def __getattr__(self, key: str) -> Any: ...

    def __init__(self, *, left_out: tuple[LeftOut, ...] = (), **values: Sent | None) -> None:
        present = {key: value for key, value in values.items() if value is not None}
        for key, value in present.items():
            if rule := _broken_rule(key, value):
                raise InvalidEvent(f"user_data.{key}", f"{rule}; use UserData.from_raw")
        _set(self, "__dict__", _marked(present, left_out))

    @classmethod
    def from_raw(cls, values: Mapping[str, object], *, default_region: str | None = None) -> UserData:
        """Build from raw values under Meta's names or long ones; `left_out` says what cannot be sent, and why."""
        place = place_of(values.get("country"), default_region)
        sent_values: dict[str, Sent] = sent_plainly(values, place)
        if len(sent_values) < len(values):
            missing: list[LeftOut] = []
            rest = {key: value for key, value in values.items() if value is not None and key not in sent_values}
            for key, value in rest.items():
                _take(key, value, place, sent_values, missing)
            sent_values |= {key: int(str(sent_values[key])) for key in WHOLE_NUMBERS & sent_values.keys()}
            sent_values = _marked(sent_values, tuple(missing))
        return cls._ready(sent_values)

    def merged(self, other: UserData) -> UserData:
        """Return both together. `other` wins, but email addresses, phone numbers and external ids are joined."""
        sent_values = self._present()
        for key, value in other._present().items():
            sent_values[key] = _joined(sent_values[key], value) if key in _JOINED and key in sent_values else value
        return self._ready(_marked(sent_values, tuple(dict.fromkeys(self.left_out + other.left_out))))

    def payload(self) -> dict[str, JSON]:
        """Return what is present, under Meta's names."""
        made: dict[str, JSON] = self.__dict__.copy()
        if "left_out" in made:
            del made["left_out"]
            made |= {key: list(value) for key, value in made.items() if type(value) is tuple}
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UserData):
            return NotImplemented
        return (self._present(), self.left_out) == (other._present(), other.left_out)

    def __hash__(self) -> int:
        return hash((frozenset(self._present().items()), self.left_out))

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __repr__(self) -> str:
        return f"UserData({', '.join(self._present())})"

    def _present(self) -> dict[str, Sent]:
        return {key: value for key, value in self.__dict__.items() if value is not None and key != "left_out"}

    @classmethod
    def _ready(cls, values: dict[str, Sent]) -> UserData:
        # Not through __init__, whose checks the values have passed already.
        made = _new(cls)
        _set(made, "__dict__", values)
        return made


_new, _set = object.__new__, object.__setattr__
for _key in BY_KEY:  # the class has the defaults of what is absent
    setattr(UserData, _key, None)
_JOINED: Final = frozenset({"em", "ph", "external_id"})
USER_DATA_KEYS: Final = tuple(BY_KEY)


def _marked(sent_values: dict[str, Sent], missing: tuple[LeftOut, ...]) -> dict[str, Sent]:
    """Add `left_out` if the values are not yet the payload: some were left out, or a tuple must become a list."""
    if missing or tuple in map(type, sent_values.values()):
        sent_values["left_out"] = missing  # type: ignore[assignment]  # the one field that is not sent
    return sent_values


def _broken_rule(key: str, value: Sent) -> str | None:
    if key not in BY_KEY:
        return "is not a key that Meta knows"
    if key in WHOLE_NUMBERS:
        return None if type(value) is int and value > 0 else "must be a whole number"
    values = value if isinstance(value, tuple) and key in SEVERAL else (value,)
    if not all(isinstance(one, str) for one in values):
        return "must be a string as Meta is sent it"
    if key in HASHED and not all(SHA256_FORM(one) for one in values if isinstance(one, str)):
        return "must be hashed with SHA-256"
    return None


def _take(key: str, value: object, place: str | None, sent_values: dict[str, Sent], missing: list[LeftOut]) -> None:
    """Normalise one item of raw data and add it to `sent_values`, or the reason to `missing`."""
    name = key if key in BY_KEY else ACCEPTED_NAMES.get(key, key)
    sent: Sent | None
    reason: Reason | None = None
    if name not in BY_KEY:
        sent = Reason.UNKNOWN_KEY
    elif is_several(value) and name not in SEVERAL:
        sent = Reason.ONE_VALUE
    elif is_several(value):
        sent, reason = sent_forms(name, value, place)
        reason = reason if sent or reason else Reason.EMPTY
    else:
        sent = sent_form(name, value, place)
    if isinstance(sent, Reason):
        sent, reason = None, sent
    if reason is not None:
        missing.append(left_out(name, reason))
    if sent:
        sent_values[name] = _joined(sent_values[name], sent) if name in sent_values and name in SEVERAL else sent


def _joined(first: Sent, second: Sent) -> Sent:
    both = [*(first if isinstance(first, tuple) else [first]), *(second if isinstance(second, tuple) else [second])]
    each_once = tuple(dict.fromkeys(map(str, both)))
    return each_once if len(each_once) > 1 else each_once[0]
