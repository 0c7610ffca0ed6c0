"""A plain text under one key comes in; what is sent of it goes out at once, or nothing when it needs a closer look.

For speed alone: the rules give the same for each of them, and a test compares the two. Most of what a shop knows is
short ASCII, whose bytes are folded in one step and hashed as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import Final

from django_capi.meta.normalize import contact, ids
from django_capi.meta.normalize.birth import birth_date
from django_capi.meta.normalize.hashing import MD5_LENGTH, SHA256_LENGTH
from django_capi.meta.normalize.phone import LONGEST, SHORTEST, SYMBOLS
from django_capi.meta.normalize.text import LOWER, NOT_LETTER_OR_DIGIT

Plain = Callable[[str], str | None]

_BLANK_OR_HIDDEN: Final = bytes(range(33)) + b"\x7f"


def email(value: str) -> str | None:
    address = value.strip().lower()
    if len(address) <= contact.LONGEST_EMAIL and contact.PLAIN_ADDRESS(address):
        return sha256(address.encode()).hexdigest()
    return None


def phone(value: str) -> str | None:
    """A number with its plus."""
    written = value.strip()
    if not (written.startswith("+") and written.isascii()) or "(0" in written or "( " in written:
        return None
    digits = written.encode().translate(None, SYMBOLS).lstrip(b"0")
    if digits.isdigit() and SHORTEST <= len(digits) <= LONGEST and len(written) < MD5_LENGTH:
        return sha256(digits).hexdigest()
    return None


def name(value: str) -> str | None:
    # Shorter than any hash; what is hidden in it goes with the punctuation.
    if len(value) < MD5_LENGTH and value.isascii():
        written = value.encode().translate(LOWER, NOT_LETTER_OR_DIGIT)
        return sha256(written).hexdigest() if written else None
    return None


def external_id(value: str) -> str | None:
    if len(value) < SHA256_LENGTH and value.isascii():
        written = value.encode().translate(LOWER, _BLANK_OR_HIDDEN)
        return sha256(written).hexdigest() if written else None
    return None


@lru_cache(maxsize=256)
def _agent(value: str) -> str:
    return ids.user_agent(value)


def user_agent(value: str) -> str | None:
    # Many visitors share a few of them.
    return _agent(value) if len(value) <= ids.LONGEST_AGENT else None


def _by(rule: Callable[[str, str | None], str]) -> Plain:
    """A rule that asks for no country, on short printable ASCII."""

    def plain(value: str) -> str | None:
        if len(value) < MD5_LENGTH and value.isascii() and value.isprintable():
            text = rule(value.strip(), None)
            if text and type(text) is str:
                return sha256(text.encode()).hexdigest()
        return None

    return plain


PLAIN: Final[dict[str, Plain]] = {
    **{key: form for key, form in ids.AS_THEY_ARE.items() if key not in ids.WHOLE_NUMBERS},
    "client_user_agent": user_agent,
    "em": email,
    "ph": phone,
    "ln": name,
    "external_id": external_id,
    "db": _by(birth_date),
    "f5first": _by(contact.first_five_letters),
    "f5last": _by(contact.first_five_letters),
    "fi": _by(contact.initial),
    "dobd": _by(contact.day_of_birth),
    "dobm": _by(contact.month_of_birth),
    "doby": _by(contact.year_of_birth),
}
