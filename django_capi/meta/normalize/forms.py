"""Turn a raw value of a known key of `user_data` into what Meta is sent: a hash, the value itself, or a `Reason`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from django_capi.meta.left_out import Reason
from django_capi.meta.normalize import contact
from django_capi.meta.normalize.birth import birth_date
from django_capi.meta.normalize.hashing import digest, hashed_already
from django_capi.meta.normalize.ids import AS_THEY_ARE
from django_capi.meta.normalize.phone import phone
from django_capi.meta.normalize.placeholders import is_placeholder
from django_capi.meta.normalize.postcodes import postcode
from django_capi.meta.normalize.states import state
from django_capi.meta.normalize.text import clean, text_of

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
    "st": state,
    "zp": postcode,
    "country": contact.country,
    "external_id": contact.external_id,
    "f5first": contact.first_five_letters,
    "f5last": contact.first_five_letters,
    "fi": contact.initial,
    "dobd": contact.day_of_birth,
    "dobm": contact.month_of_birth,
    "doby": contact.year_of_birth,
}
# A shop meets the same ones again and again, and none of them alone tells who someone is.
REMEMBERED: Final = frozenset({"country", "st", "ct", "zp", "ge", "fn"})
LONGEST_REMEMBERED: Final = 60


def sent_form(key: str, value: object, place: str | None) -> str:
    if key in AS_THEY_ARE:
        return AS_THEY_ARE[key](value)
    if key in REMEMBERED and type(value) is str and len(value) <= LONGEST_REMEMBERED:
        return remembered(key, value, place)
    return _normalized(key, value, place)


@lru_cache(maxsize=4_096)
def remembered(key: str, value: str, place: str | None) -> str:
    return _normalized(key, value, place)


def _normalized(key: str, value: object, place: str | None) -> str:
    text = text_of(value)
    if type(text) is Reason:
        return text
    text = clean(text)
    if not text:
        return Reason.EMPTY
    if is_placeholder(key, text):
        return Reason.PLACEHOLDER
    return hashed_already(key, text) or digest(HASHED[key](text, place))
