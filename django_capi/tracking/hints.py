"""Under DEBUG, warn of names that are nearly Meta's own. Other names are legal, so none is refused."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from django.conf import settings

from django_capi.meta.events import MESSAGING_EVENTS, PAGE_VIEW, STANDARD_EVENTS, USER_DATA_KEYS
from django_capi.meta.events.custom import FIELDS
from django_capi.meta.normalize.keys import ACCEPTED_NAMES, NEAR_NAMES

logger = logging.getLogger("django_capi")

CLOSE: Final = 0.8  # of difflib's ratio: "Purchas" and "valeu" are above it, "AddToBasket" is below
EVENTS: Final = STANDARD_EVENTS | {PAGE_VIEW}
PERSON: Final = {**{key: key for key in USER_DATA_KEYS}, **ACCEPTED_NAMES, **NEAR_NAMES}  # spelling: Meta's key
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{1,48}").fullmatch


def warn_of_event_name(event_name: str) -> None:
    if settings.DEBUG and event_name not in EVENTS | MESSAGING_EVENTS and (meant := nearest(event_name, EVENTS)):
        log_once("%r is a custom event to Meta. Its standard event is called %r: names are case-sensitive.",
                 event_name, meant)  # fmt: skip


def warn_of_custom_data(keys: Iterable[object]) -> None:
    if settings.DEBUG:
        for key, meant in near_misses(keys, {name: name for name in FIELDS}):
            log_once("custom_data[%r] is a property of your own to Meta. Its standard parameter is called %r.",
                     key, meant)  # fmt: skip


def warn_of_user_data(keys: Iterable[object]) -> None:
    if settings.DEBUG:
        for key, meant in near_misses(keys, PERSON):
            log_once("user_data[%r] is not a key that Meta knows and is left out. Write user_data[%r].", key, meant)


def near_misses(keys: Iterable[object], known: Mapping[str, str]) -> list[tuple[str, str]]:
    """The keys that look misspelt, with the key that was probably meant."""
    accepted = {name for name in known if name not in NEAR_NAMES}
    strange = [key for key in keys if isinstance(key, str) and key not in accepted]
    found = [(key, nearest(key, known)) for key in strange]
    return [(key, known[name]) for key, name in found if name]


def nearest(given: str, names: Collection[str]) -> str | None:
    """The name that differs by case, separators or a typing error."""
    if not WORD(given):
        return None
    by_letters = {letters(name): name for name in names}
    close = get_close_matches(letters(given), by_letters, n=1, cutoff=CLOSE)
    return by_letters[close[0]] if close else None


def letters(name: str) -> str:
    return re.sub(r"[_ -]", "", name).lower()


@lru_cache(maxsize=256)
def log_once(message: str, given: str, meant: str) -> None:
    logger.warning(message, given, meant)
