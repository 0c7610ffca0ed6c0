"""Turn one raw value of `user_data` into what is sent, or into the reason why it is left out."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.hashing import digest, hashed_already
from django_capi.meta.normalize.keys import BY_KEY, CACHED, HASHED, UNHASHED
from django_capi.meta.normalize.placeholders import is_placeholder
from django_capi.meta.normalize.text import clean, text_of

LONGEST_CACHED: Final = 60


def sent_form(key: str, value: object, place: str | None) -> str:
    if key in UNHASHED:
        return UNHASHED[key](value)
    if key in CACHED and type(value) is str and len(value) <= LONGEST_CACHED:
        return cached_form(key, value, place)
    return _hashed_form(key, value, place)


@lru_cache(maxsize=4_096)
def cached_form(key: str, value: str, place: str | None) -> str:
    return _hashed_form(key, value, place)


def _hashed_form(key: str, value: object, place: str | None) -> str:
    text = text_of(value)
    if type(text) is Reason:
        return text
    text = clean(text)
    if not text:
        return Reason.EMPTY
    if is_placeholder(text, BY_KEY[key].kind):
        return Reason.PLACEHOLDER
    return hashed_already(key, text) or digest(HASHED[key](text, place))
