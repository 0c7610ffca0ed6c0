"""A country's code or name in some language comes in; its ISO 3166-1 code in lowercase goes out, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import import_module
from typing import Final

from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.regions import COUNTRIES, COUNTRY_ALIASES
from django_capi.meta.normalize.text import clean, letters, text_of

# The languages whose names for the world are looked up, in this order; the first that knows the name decides.
LANGUAGES: Final = (
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "nb", "fi", "cs", "sk", "hu", "ro", "el", "tr", "ru",
    "uk", "ar", "he", "hi", "th", "vi", "id", "ja", "ko", "zh", "zh_Hant",
)  # fmt: skip
LONGEST_NAME: Final = 80
ALPHA_3: Final = 3


def country_code(value: object) -> str | None:
    """`"UK"`, `"gb"`, `"GBR"`, `"Vereinigtes Königreich"` and an object with `.code` all give `"gb"`."""
    text = value if type(value) is str else text_of(value)
    return None if type(text) is Reason or len(text) > LONGEST_NAME else known_country(text)


@lru_cache(maxsize=1_024)
def known_country(text: str) -> str | None:
    name = letters(clean(text))
    if name in COUNTRIES:
        return name
    return COUNTRY_ALIASES.get(name) or _by_alpha_3(name) or _by_name(name)


def _by_alpha_3(name: str) -> str | None:
    if len(name) != ALPHA_3 or not name.isascii():
        return None
    return _alpha_3_codes().get(name)


def _by_name(name: str) -> str | None:
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


@cache
def _alpha_3_codes() -> dict[str, str]:
    try:
        aliases = import_module("babel.core").get_global("territory_aliases")
    except ImportError:
        return {}
    one_each = ((old.lower(), new[0].lower()) for old, new in aliases.items() if len(new) == 1)
    return {old: new for old, new in one_each if len(old) == ALPHA_3 and old.isalpha() and new in COUNTRIES}
