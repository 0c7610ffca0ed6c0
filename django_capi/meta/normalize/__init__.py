"""A key of `user_data` and a raw value of any type come in; the normalised text and what is sent to Meta go out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from django_capi.meta.left_out import Reason
from django_capi.meta.normalize import contact
from django_capi.meta.normalize.birth import birth_date
from django_capi.meta.normalize.countries import country_code, known_country
from django_capi.meta.normalize.hashing import digest, hashed_already, sha256
from django_capi.meta.normalize.ids import AS_THEY_ARE
from django_capi.meta.normalize.phone import phone
from django_capi.meta.normalize.plain import PLAIN
from django_capi.meta.normalize.text import clean, text_of

__all__ = [
    "AS_THEY_ARE",
    "HASHED",
    "KEYS",
    "MANY",
    "SEVERAL",
    "Normalized",
    "Reason",
    "normalize",
    "place_of",
    "sent_form",
    "sent_forms",
    "sent_plainly",
    "sha256",
]

Rule = Callable[[str, str | None], str]

# https://developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/customer-information-parameters
HASHED: Final[dict[str, Rule]] = {
    "em": contact.email,
    "ph": phone,
    "fn": contact.name,
    "ln": contact.name,
    "db": birth_date,
    "ge": contact.gender,
    "ct": contact.city,
    "st": contact.state,
    "zp": contact.postcode,
    "country": contact.country,
    "external_id": contact.external_id,
    "f5first": contact.first_five_letters,
    "f5last": contact.first_five_letters,
    "fi": contact.initial,
    "dobd": contact.day_of_birth,
    "dobm": contact.month_of_birth,
    "doby": contact.year_of_birth,
}
KEYS: Final = HASHED.keys() | AS_THEY_ARE.keys()
MANY: Final = frozenset(HASHED)
SEVERAL: Final = (list, tuple, set, frozenset)
# A shop meets the same ones again and again, and none of them alone tells who someone is.
REMEMBERED: Final = frozenset({"country", "st", "ct", "zp", "ge", "fn"})
LONGEST_REMEMBERED: Final = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Normalized:
    """`text` is what was hashed, `hashed` what is sent, `reason` a short code when something was left out."""

    text: str | tuple[str, ...] | None = field(repr=False)
    hashed: str | tuple[str, ...] | None = field(repr=False)
    reason: Reason | None


def normalize(key: str, value: object, *, country: str | None = None, default_region: str | None = None) -> Normalized:
    """Never raises on a value. Hashes given already are taken as they are.

    >>> normalize("em", " John_Smith@gmail.com ").text
    'john_smith@gmail.com'
    >>> normalize("ph", "020 7946 0958").reason
    <Reason.PHONE_NEEDS_COUNTRY: 'phone_needs_country'>
    """
    place = place_of(country, default_region)
    if isinstance(value, SEVERAL):
        return _normalize_many(key, value, place)
    sent = sent_form(key, value, place) if key in KEYS else Reason.UNKNOWN_KEY
    if isinstance(sent, Reason):
        return Normalized(text=None, hashed=None, reason=sent)
    return Normalized(text=_text(key, value, place), hashed=sent, reason=None)


def place_of(country: object, default_region: object) -> str | None:
    """The country that national numbers and postcodes are read in."""
    if type(country) is str and len(country) <= LONGEST_REMEMBERED and (known := known_country(country)):
        return known
    return (country_code(country) if country else None) or (country_code(default_region) if default_region else None)


def sent_forms(key: str, values: Iterable[object], place: str | None) -> tuple[tuple[str, ...], Reason | None]:
    """What is sent for several values, each once, in their order (a set: sorted), and why one was left out."""
    texts, reason = _forms(key, values, place)
    return tuple(texts), reason


def _text(key: str, value: object, place: str | None) -> str:
    """The normalised text, or the hash of a value that came hashed."""
    rule = HASHED.get(key)
    if rule is None:
        return AS_THEY_ARE[key](value)
    text = clean(text_of(value))
    return hashed_already(key, text) or rule(text, place)


def _normalize_many(key: str, values: Iterable[object], place: str | None) -> Normalized:
    if key not in MANY:
        reason = Reason.ONE_VALUE if key in AS_THEY_ARE else Reason.UNKNOWN_KEY
        return Normalized(text=None, hashed=None, reason=reason)
    texts, missing = _forms(key, values, place)
    if not texts:
        return Normalized(text=None, hashed=None, reason=missing or Reason.EMPTY)
    each_text = tuple(_text(key, value, place) for value in texts.values())
    return Normalized(text=each_text, hashed=tuple(texts), reason=missing)


def _forms(key: str, values: Iterable[object], place: str | None) -> tuple[dict[str, object], Reason | None]:
    """What is sent, with the first value that gave it."""
    reason: Reason | None = None
    found: dict[str, object] = {}
    for value in values:
        sent = sent_form(key, value, place)
        if isinstance(sent, Reason):
            reason = reason or sent
        else:
            found.setdefault(sent, value)
    return dict(sorted(found.items())) if isinstance(values, set | frozenset) else found, reason


def sent_form(key: str, value: object, place: str | None) -> str:
    """What is sent for one value of a key that is known, or a `Reason`."""
    if key in AS_THEY_ARE:
        return AS_THEY_ARE[key](value)
    if key in REMEMBERED and type(value) is str and len(value) <= LONGEST_REMEMBERED:
        return _remembered(key, value, place)
    return _looked_at(key, value, place)


def sent_plainly(values: Mapping[str, object], place: str | None) -> tuple[dict[str, Any], dict[str, object]]:
    """What is sent for the plain texts among the values in one sweep, and the values that need a closer look.

    For speed alone: `sent_form` gives the same for each of them, and a test compares the two.
    """
    found: dict[str, Any] = {}
    rest: dict[str, object] = {}
    for key, value in values.items():
        if type(value) is not str:
            if value is not None:
                rest[key] = value
            continue
        sent: str | None = None
        if (plain := PLAIN.get(key)) is not None:
            sent = plain(value)
        elif key in REMEMBERED and len(value) <= LONGEST_REMEMBERED:
            sent = _remembered(key, value, place)
        if type(sent) is str:
            found[key] = sent
        else:
            rest[key] = value
    return found, rest


@lru_cache(maxsize=4_096)
def _remembered(key: str, value: str, place: str | None) -> str:
    return _looked_at(key, value, place)


def _looked_at(key: str, value: object, place: str | None) -> str:
    text = text_of(value)
    if type(text) is Reason:
        return text
    text = clean(text)
    if not text:
        return Reason.EMPTY
    return hashed_already(key, text) or digest(HASHED[key](text, place))
