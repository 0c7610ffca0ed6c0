"""Normalise postcodes: remove spaces, dashes, the country in front and the city behind."""

from __future__ import annotations

import re
from typing import Final

from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.regions import DIGITS_ONLY, WITH_LETTERS
from django_capi.meta.normalize.text import fold_digits, letters_and_digits

_AMERICAN = re.compile(r"(?:usa|zip|[a-z]{2})?(\d{5})", re.ASCII).match
_DIGITS = re.compile(r"\D*(\d{3,8})(?:\D.*)?", re.ASCII | re.DOTALL).fullmatch
_AFTER_COUNTRY: Final = {
    country: re.compile(rf"(?:{country}|uk)({form})" if country == "gb" else rf"{country}({form})", re.ASCII).fullmatch
    for country, form in WITH_LETTERS.items()
}


def postcode(text: str, country: str | None) -> str:
    """Return five digits in the USA and the whole postcode elsewhere: `10115` for `D-10115` in the country `de`."""
    written = letters_and_digits(fold_digits(text))
    if country == "us":
        american = _AMERICAN(written)
        return american[1] if american else Reason.POSTCODE
    match = None
    if country in DIGITS_ONLY:
        match = _DIGITS(written)
    elif country in _AFTER_COUNTRY:
        match = _AFTER_COUNTRY[country](written)
    return match[1] if match else written
