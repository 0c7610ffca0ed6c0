"""Normalise states and provinces to two-letter codes, or to the letters of their names where there are none."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from django_capi.meta.normalize.regions import AMERICAN_STATES, CANADIAN_PROVINCES, COUNTRIES
from django_capi.meta.normalize.text import letters

_NAMES: Final = {"us": AMERICAN_STATES, "ca": CANADIAN_PROVINCES, None: CANADIAN_PROVINCES | AMERICAN_STATES}
_CODES: Final = {country: frozenset(names.values()) for country, names in _NAMES.items()}
_ISO_3166_2 = re.compile(r"([A-Za-z]{2})[-_:. ]([A-Za-z0-9]{1,3})").fullmatch
_AROUND = re.compile(r"\A(?:state|commonwealth|province|territory)of|\A(?:estadode|provincedu?e?)|(?:state|province)\Z")
_PIECES = re.compile(r"[-(),;/|–—]").split
_IN_BRACKETS = re.compile(r"\s*\([A-Za-z0-9]{1,3}\)\s*\Z").sub


@lru_cache(maxsize=2_048)
def state(text: str, country: str | None) -> str:
    """Return two letters for states of the USA and provinces of Canada, unless the event is from another country.

    >>> state("California", "us"), state("US-CA", None), state("Bayern", "de")
    ('ca', 'ca', 'bayern')
    """
    written = letters(text)
    if (match := _ISO_3166_2(text)) and _is_prefix(match[1], country, match[2]):
        return letters(match[2])
    if country not in _NAMES:
        return letters(_IN_BRACKETS("", text)) or written
    return _named(written, country) or _by_pieces(text, country) or written


def _is_prefix(prefix: str, country: str | None, rest: str) -> bool:
    """Whether it is the country in an ISO 3166-2 code: the event's own, or any if all is in capitals, as in `DE-NW`."""
    own = prefix.lower() == country
    return own or (prefix.lower() in COUNTRIES and prefix.isupper() and rest == rest.upper())


def _named(written: str, country: str | None) -> str | None:
    names = _NAMES[country]
    return names.get(written) or names.get(_AROUND.sub("", written))


def _by_pieces(text: str, country: str | None) -> str | None:
    """Find the one state among the parts of "California (CA)" or "CA, USA"; a name is preferred to a code."""
    pieces = _PIECES(text)
    names = {code for piece in pieces if (code := _named(letters(piece), country))}
    candidates = names or _CODES[country].intersection(letters(piece) for piece in pieces if piece.isupper())
    return next(iter(candidates)) if len(candidates) == 1 else None
