"""Normalise email addresses, names, cities, countries, genders and external ids."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.countries import known_country
from django_capi.meta.normalize.text import letters, letters_and_digits, lower

LONGEST_EMAIL: Final = 320

_NEVER: Final = r"\s@,;:<>()\[\]\\\""
# Matches nearly all addresses, and is many times faster than the exclusions of _ADDRESS.
PLAIN_ADDRESS = re.compile(r"[a-z0-9!#-'*+./=?^_`{|}~-]++@(?:[a-z0-9-]++\.)++[a-z][a-z0-9-]++").fullmatch
_ADDRESS = re.compile(rf"[^{_NEVER}]+@(?:[^{_NEVER}.]+\.)+(?!\d+\Z)[^{_NEVER}.]{{2,}}").fullmatch
_GENDERS: Final = {"f": "f", "female": "f", "woman": "f", "m": "m", "male": "m", "man": "m"}


def email(text: str, _country: str | None) -> str:
    address = text.lower()
    if PLAIN_ADDRESS(address):
        return address if len(address) <= LONGEST_EMAIL else Reason.TOO_LONG
    if len(text) > LONGEST_EMAIL:
        return Reason.TOO_LONG
    address = lower(text)
    return address if _ADDRESS(address) else Reason.NOT_AN_EMAIL


def name(text: str, _country: str | None) -> str:
    return letters_and_digits(text)


def city(text: str, _country: str | None) -> str:
    return letters(text)


def country(text: str, _country: str | None) -> str:
    return known_country(text) or Reason.UNKNOWN_COUNTRY


@lru_cache(maxsize=256)
def gender(text: str, _country: str | None) -> str:
    return _GENDERS.get(text.lower(), Reason.NOT_F_OR_M)


def external_id(text: str, _country: str | None) -> str:
    joined = "".join(text.split())
    return joined.lower() if joined.isascii() else lower(joined)
