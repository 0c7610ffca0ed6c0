"""Find the ISO 3166-1 code of a country, in lowercase, from its codes and names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import import_module
from typing import Final

from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.country_names import COUNTRY_NAMES
from django_capi.meta.normalize.regions import COUNTRIES
from django_capi.meta.normalize.text import clean, letters, text_of

# Names of countries are searched in these languages; the first that has the name decides.
LANGUAGES: Final = (
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "nb", "fi", "cs", "sk", "hu", "ro", "el", "tr", "ru",
    "uk", "ar", "he", "hi", "th", "vi", "id", "ja", "ko", "zh", "zh_Hant",
)  # fmt: skip
LONGEST_NAME: Final = 80

_THE = re.compile(r"\bthe\b", re.IGNORECASE)
_FORMAL = re.compile(r"\A(?:(?:federal)?republicof|kingdomof)|(?:republicof|kingdomof|republic)\Z")
_PIECES = re.compile(r"[(),;/|]|\s[-–—]\s").split


def country_code(value: object) -> str | None:
    """Return a country's code: `"gb"` for `"UK"`, `"GBR"`, `"Vereinigtes Königreich"` or an object with `.code`."""
    text = value if type(value) is str else text_of(value)
    return None if type(text) is Reason or len(text) > LONGEST_NAME else known_country(text)


@lru_cache(maxsize=1_024)
def known_country(text: str) -> str | None:
    text = clean(text)
    name = letters(text)
    if name in COUNTRIES:
        return name
    return _by_name(text) or _by_translated_name(name) or _by_pieces(text)


def _by_name(text: str) -> str | None:
    """Find a three-letter code, an English name or a native name, also as in "Korea (the Republic of)"."""
    name = letters(_THE.sub("", text))
    return COUNTRY_NAMES.get(name) or COUNTRY_NAMES.get(_FORMAL.sub("", name))


def _by_pieces(text: str) -> str | None:
    """Find the country of "Germany (DE)" or "DE - Germany" if its parts agree, ignoring states and cities."""
    pieces = [piece.strip() for piece in _PIECES(text)]
    codes = {letters(piece) for piece in pieces} & COUNTRIES
    names = {code for piece in pieces if (code := _by_name(piece) or _by_translated_name(letters(piece)))}
    return names.pop() if len(names) == len(names | codes) == 1 else None


def _by_translated_name(name: str) -> str | None:
    return next((names[name] for names in _all_names() if name in names), None) if name else None


def _all_names() -> Iterator[dict[str, str]]:
    return (_names_in(language) for language in LANGUAGES)


@cache
def _names_in(language: str) -> dict[str, str]:
    try:
        territories = import_module("babel").Locale.parse(language).territories
    except ImportError:
        return {}
    return {letters(clean(name)): code.lower() for code, name in territories.items() if code.lower() in COUNTRIES}
