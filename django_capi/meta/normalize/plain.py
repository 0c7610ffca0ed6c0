"""A fast path for the usual values of `user_data`: short ASCII strings.

It is what makes building an event five times as fast as Meta's own library. `sent_form` gives the same results, and
tests compare the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from django_capi.meta.normalize.contact import LONGEST_EMAIL, PLAIN_ADDRESS
from django_capi.meta.normalize.forms import LONGEST_CACHED, cached_form
from django_capi.meta.normalize.hashing import MD5_LENGTH, SHA256_LENGTH
from django_capi.meta.normalize.ids import LONGEST_AGENT, user_agent
from django_capi.meta.normalize.keys import CACHED, HASHED, UNHASHED, WHOLE_NUMBERS, Form, Normalizer
from django_capi.meta.normalize.phone import LONGEST, NORTH_AMERICAN, SHORTEST, SYMBOLS, UNUSUAL, ends_in_one_digit
from django_capi.meta.normalize.placeholders import AS_BYTES
from django_capi.meta.normalize.text import LOWER, NOT_LETTER_OR_DIGIT

# Returns what is sent; None or a `Reason` for a value that is left to `sent_form`.
Plain = Callable[[str, str | None], str | None]

_IS_UNUSUAL = re.compile(rf"{UNUSUAL}|1".encode()).match
ONE, TWO, NINE = b"129"
_BLANK_OR_HIDDEN: Final = bytes(range(33)) + b"\x7f"


def sent_plainly(values: Mapping[str, object], place: str | None) -> dict[str, Any]:
    """Return what is sent for those of the values that are usual ones."""
    sent_values: dict[str, Any] = {}
    for key, value in values.items():
        if type(value) is str and (plain := _plain(key)) and type(sent := plain(value, place)) is str:
            sent_values[key] = sent
    return sent_values


def usual_email(value: str, _place: str | None) -> str | None:
    address = value.strip().lower()
    if PLAIN_ADDRESS(address) and len(address) <= LONGEST_EMAIL:
        return sha256(address.encode()).hexdigest()
    return None


def usual_phone(value: str, _place: str | None) -> str | None:
    """Accept a number with its plus and without a trunk zero."""
    written = value.strip()
    if len(written) < MD5_LENGTH and written.startswith("+") and written.isascii():
        if "/" in written or "(0" in written or "( " in written:
            return None
        digits = written.encode().translate(None, SYMBOLS)
        if digits.isdigit() and SHORTEST <= len(digits) <= LONGEST:
            is_usual = (digits[0] == ONE and len(digits) == NORTH_AMERICAN) or not _IS_UNUSUAL(digits)
            # A placeholder ends in the same digit twice.
            if is_usual and (digits[-1] != digits[-2] or not ends_in_one_digit(digits)):
                return sha256(digits).hexdigest()
    return None


def usual_name(value: str, _place: str | None) -> str | None:
    # Shorter than any hash. Hidden characters are removed together with the punctuation.
    if len(value) < MD5_LENGTH and value.isascii():
        written = value.encode().translate(LOWER, NOT_LETTER_OR_DIGIT)
        if written and written not in AS_BYTES and (value.isalpha() or not ("{" in value or "%" in value)):
            return sha256(written).hexdigest()
    return None


def usual_external_id(value: str, _place: str | None) -> str | None:
    if len(value) < SHA256_LENGTH and value.isascii():
        written = value.encode().translate(LOWER, _BLANK_OR_HIDDEN)
        # No placeholder ends in one of these digits.
        if written and (TWO <= written[-1] <= NINE or not _may_be_placeholder(value)):
            return sha256(written).hexdigest()
    return None


def usual_agent(value: str, _place: str | None) -> str | None:
    # Many visitors share a few user agents.
    return _cached_agent(value) if len(value) <= LONGEST_AGENT else None


def _may_be_placeholder(value: str) -> bool:
    letters_and_digits = value.encode().translate(LOWER, NOT_LETTER_OR_DIGIT)
    return not letters_and_digits or letters_and_digits in AS_BYTES or "{" in value or "%" in value


def _as_it_is(form: Form) -> Plain:
    return lambda value, _place: form(value)


def _known(key: str) -> Plain:
    return lambda value, place: cached_form(key, value, place) if len(value) <= LONGEST_CACHED else None


def _by(rule: Normalizer) -> Plain:
    """Apply any other rule to short printable ASCII."""

    def plain(value: str, place: str | None) -> str | None:
        if len(value) < MD5_LENGTH and value.isascii() and value.isprintable():
            if _may_be_placeholder(value):
                return None
            text = rule(value.strip(), place)
            if text and type(text) is str:
                return sha256(text.encode()).hexdigest()
        return None

    return plain


PLAIN: Final[dict[str, Plain]] = {
    **{key: _by(rule) for key, rule in HASHED.items()},
    **{key: _known(key) for key in CACHED},
    **{key: _as_it_is(form) for key, form in UNHASHED.items() if key not in WHOLE_NUMBERS},
    "em": usual_email,
    "ph": usual_phone,
    "ln": usual_name,
    "external_id": usual_external_id,
    "client_user_agent": usual_agent,
}
_plain = PLAIN.get
_cached_agent: Final = lru_cache(maxsize=256)(user_agent)
