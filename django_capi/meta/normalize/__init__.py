"""Normalise and hash the values of `user_data`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django_capi.meta.iterables import in_order, is_several
from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.countries import country_code, known_country
from django_capi.meta.normalize.forms import LONGEST_CACHED, sent_form
from django_capi.meta.normalize.hashing import hashed_already, sha256
from django_capi.meta.normalize.keys import BY_KEY, HASHED, SEVERAL, UNHASHED
from django_capi.meta.normalize.plain import sent_plainly
from django_capi.meta.normalize.text import clean, text_of

__all__ = [
    "HASHED",
    "UNHASHED",
    "Normalized",
    "Reason",
    "normalize",
    "place_of",
    "sent_form",
    "sent_forms",
    "sent_plainly",
    "sha256",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Normalized:
    """What became of a value: `text` was hashed, `hashed` is sent, `reason` says why something was left out."""

    text: str | tuple[str, ...] | None = field(repr=False)
    hashed: str | tuple[str, ...] | None = field(repr=False)
    reason: Reason | None


def normalize(key: str, value: object, *, country: str | None = None, default_region: str | None = None) -> Normalized:
    """Return the normalised text and what is sent. Never raises for a value; a hash is kept as it is.

    >>> normalize("em", " John_Smith@gmail.com ").text
    'john_smith@gmail.com'
    >>> normalize("ph", "020 7946 0958").reason
    <Reason.PHONE_NEEDS_COUNTRY: 'phone_needs_country'>
    """
    place = place_of(country, default_region)
    if is_several(value):
        return _normalize_many(key, value, place)
    sent = sent_form(key, value, place) if key in BY_KEY else Reason.UNKNOWN_KEY
    if isinstance(sent, Reason):
        return Normalized(text=None, hashed=None, reason=sent)
    return Normalized(text=_text(key, value, place), hashed=sent, reason=None)


def place_of(country: object, default_region: object) -> str | None:
    """Return the country in which national phone numbers and postcodes are read."""
    if type(country) is str and len(country) <= LONGEST_CACHED and (known := known_country(country)):
        return known
    return (country_code(country) if country else None) or (country_code(default_region) if default_region else None)


def sent_forms(key: str, values: Iterable[object], place: str | None) -> tuple[tuple[str, ...], Reason | None]:
    """Return what is sent for several values, each once and in order (a set: sorted), and why one was left out."""
    texts, reason = _forms(key, values, place)
    return tuple(texts), reason


def _text(key: str, value: object, place: str | None) -> str:
    """Return the normalised text, or the hash if the value was hashed already."""
    rule = HASHED.get(key)
    if rule is None:
        return UNHASHED[key](value)
    text = clean(text_of(value))
    return hashed_already(key, text) or rule(text, place)


def _normalize_many(key: str, values: Iterable[object], place: str | None) -> Normalized:
    if key not in SEVERAL:
        reason = Reason.ONE_VALUE if key in UNHASHED else Reason.UNKNOWN_KEY
        return Normalized(text=None, hashed=None, reason=reason)
    texts, missing = _forms(key, values, place)
    if not texts:
        return Normalized(text=None, hashed=None, reason=missing or Reason.EMPTY)
    each_text = tuple(_text(key, value, place) for value in texts.values())
    return Normalized(text=each_text, hashed=tuple(texts), reason=missing)


def _forms(key: str, values: Iterable[object], place: str | None) -> tuple[dict[str, object], Reason | None]:
    """Return what is sent, each with the first value that led to it."""
    items = in_order(values)
    reason: Reason | None = Reason.TOO_LONG if items is None else None
    forms: dict[str, object] = {}
    for value in items or ():
        sent = sent_form(key, value, place)
        if isinstance(sent, Reason):
            reason = reason or sent
        else:
            forms.setdefault(sent, value)
    return dict(sorted(forms.items())) if isinstance(values, set | frozenset) else forms, reason
