"""The `user_data` of an event: what Meta is told about the person, hashed where Meta wants it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from django_capi.meta.events.names import InvalidEvent
from django_capi.meta.iterables import is_several
from django_capi.meta.left_out import LeftOut, Reason, left_out
from django_capi.meta.normalize import HASHED, KEYS, MANY, place_of, sent_form, sent_forms, sent_plainly
from django_capi.meta.normalize.hashing import SHA256_FORM
from django_capi.meta.normalize.ids import WHOLE_NUMBERS
from django_capi.meta.wire import JSON

ALIASES: Final = {
    "email": "em",
    "phone": "ph",
    "first_name": "fn",
    "last_name": "ln",
    "date_of_birth": "db",
    "gender": "ge",
    "city": "ct",
    "state": "st",
    "zip": "zp",
    "zip_code": "zp",
    "postcode": "zp",
}
# Not taken, as their meaning is not certain, but worth a hint at the key that was meant.
SPELLINGS: Final = {
    "email_address": "em",
    "mail": "em",
    "phone_number": "ph",
    "telephone": "ph",
    "mobile": "ph",
    "given_name": "fn",
    "family_name": "ln",
    "surname": "ln",
    "birthday": "db",
    "birth_date": "db",
    "dob": "db",
    "sex": "ge",
    "town": "ct",
    "province": "st",
    "region": "st",
    "postal_code": "zp",
    "country_code": "country",
    "user_id": "external_id",
    "customer_id": "external_id",
    "ip": "client_ip_address",
    "ip_address": "client_ip_address",
    "user_agent": "client_user_agent",
}
Hashes = str | tuple[str, ...]
Sent = Hashes | int


@dataclass(frozen=True, kw_only=True, repr=False)
class UserData:
    """What Meta is told about the person, in the form it is sent; contact data only ever as SHA-256."""

    em: Hashes | None = None
    ph: Hashes | None = None
    fn: Hashes | None = None
    ln: Hashes | None = None
    db: Hashes | None = None
    ge: Hashes | None = None
    ct: Hashes | None = None
    st: Hashes | None = None
    zp: Hashes | None = None
    country: Hashes | None = None
    external_id: Hashes | None = None
    client_ip_address: str | None = None
    client_user_agent: str | None = None
    fbc: str | None = None
    fbp: str | None = None
    subscription_id: str | None = None
    fb_login_id: int | None = None
    lead_id: int | None = None
    anon_id: str | None = None
    madid: str | None = None
    page_id: str | None = None
    page_scoped_user_id: str | None = None
    ctwa_clid: str | None = None
    ig_account_id: str | None = None
    ig_sid: str | None = None
    whatsapp_business_account_id: str | None = None
    instagram_business_account_id: str | None = None
    f5first: Hashes | None = None
    f5last: Hashes | None = None
    fi: Hashes | None = None
    dobd: Hashes | None = None
    dobm: Hashes | None = None
    doby: Hashes | None = None
    left_out: tuple[LeftOut, ...] = ()

    def __post_init__(self) -> None:
        for key, value in self._present().items():
            if broken := _broken(key, value):
                field = f"user_data.{key}"
                raise InvalidEvent(field, f"{broken}; use UserData.from_raw")
        _set(self, "__dict__", _marked(self._present(), self.left_out))

    @classmethod
    def from_raw(cls, values: Mapping[str, object], *, default_region: str | None = None) -> UserData:
        """From Meta's short names or the long human ones; what cannot be sent is in `left_out`, with the reason."""
        place = place_of(values.get("country"), default_region)
        found: dict[str, Sent] = sent_plainly(values, place)
        if len(found) < len(values):
            missing: list[LeftOut] = []
            rest = {key: value for key, value in values.items() if value is not None and key not in found}
            for key, value in rest.items():
                _take(key, value, place, found, missing)
            found |= {key: int(str(found[key])) for key in WHOLE_NUMBERS & found.keys()}
            found = _marked(found, tuple(missing))
        return cls._ready(found)

    def merged(self, other: UserData) -> UserData:
        """Both together: `other` wins, except that addresses, phones and external ids are joined, each once."""
        found = self._present()
        for key, value in other._present().items():
            found[key] = _joined(found[key], value) if key in _JOINED and key in found else value
        return self._ready(_marked(found, tuple(dict.fromkeys(self.left_out + other.left_out))))

    def payload(self) -> dict[str, JSON]:
        """Meta's names, only what is there."""
        made: dict[str, JSON] = self.__dict__.copy()
        if "left_out" in made:
            del made["left_out"]
            made |= {key: list(value) for key, value in made.items() if type(value) is tuple}
        return made

    def __repr__(self) -> str:
        return f"UserData({', '.join(self._present())})"

    def _present(self) -> dict[str, Sent]:
        return {key: value for key, value in self.__dict__.items() if value is not None and key != "left_out"}

    @classmethod
    def _ready(cls, found: dict[str, Sent]) -> UserData:
        # Past the generated __init__, whose thirty assignments cost more than the hashing. The class has the defaults
        # of what is absent.
        made = _new(cls)
        _set(made, "__dict__", found)
        return made


_new, _set = object.__new__, object.__setattr__
_JOINED: Final = frozenset({"em", "ph", "external_id"})
USER_DATA_KEYS: Final = tuple(one.name for one in fields(UserData) if one.name != "left_out")


def _marked(found: dict[str, Sent], missing: tuple[LeftOut, ...]) -> dict[str, Sent]:
    """Without `left_out` the values are the payload as they are; with it, even an empty one, there is more to do."""
    if missing or tuple in map(type, found.values()):
        found["left_out"] = missing  # type: ignore[assignment]  # the one field that is not sent
    return found


def _broken(key: str, value: Sent) -> str | None:
    if key in WHOLE_NUMBERS:
        return None if type(value) is int and value > 0 else "must be a whole number"
    values = value if isinstance(value, tuple) and key in MANY else (value,)
    if not all(isinstance(one, str) for one in values):
        return "must be text as Meta is sent it"
    if key in HASHED and not all(SHA256_FORM(one) for one in values if isinstance(one, str)):
        return "must be hashed with SHA-256"
    return None


def _take(key: str, value: object, place: str | None, found: dict[str, Sent], missing: list[LeftOut]) -> None:
    """One value under any of its names: several values, another type, a second spelling of a key there already."""
    name = key if key in KEYS else ALIASES.get(key, key)
    sent: Sent | None
    reason: Reason | None = None
    if name not in KEYS:
        sent = Reason.UNKNOWN_KEY
    elif is_several(value) and name not in MANY:
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
        found[name] = _joined(found[name], sent) if name in found and name in MANY else sent


def _joined(first: Sent, second: Sent) -> Sent:
    both = [*(first if isinstance(first, tuple) else [first]), *(second if isinstance(second, tuple) else [second])]
    each_once = tuple(dict.fromkeys(map(str, both)))
    return each_once if len(each_once) > 1 else each_once[0]
