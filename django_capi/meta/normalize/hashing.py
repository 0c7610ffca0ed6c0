"""A normalised text comes in; its SHA-256 as Meta wants it goes out. What came hashed is recognised here."""

from __future__ import annotations

import re
from hashlib import sha256 as _sha256
from typing import Final

from django_capi.meta.left_out import Reason

MAX_LENGTH: Final = 1_000
MD5_LENGTH: Final = 32
SHA256_LENGTH: Final = 64

# Meta's own builder appends a short segment of its own to a hash; the hash is what counts.
SHA256_FORM = re.compile(r"([0-9a-fA-F]{64})(?:\.[\w-]{2,8})?", re.ASCII).fullmatch
MD5_FORM = re.compile(r"[0-9a-fA-F]{32}").fullmatch


def sha256(text: str) -> str:
    return _sha256(text.encode()).hexdigest()


def digest(text: str) -> str:
    """The hash of a normalised text; a `Reason` stays one, nothing is never hashed, and a hash is not hashed again."""
    if type(text) is Reason:
        return text
    if not text:
        return Reason.EMPTY
    if len(text) == SHA256_LENGTH and SHA256_FORM(text):
        return text
    try:
        return _sha256(text.encode()).hexdigest()
    except UnicodeEncodeError:
        return Reason.UNREADABLE


def hashed_already(key: str, text: str) -> str | None:
    """The hash, or a `Reason` for what is no text to normalise: an MD5, or something absurdly long."""
    if len(text) < MD5_LENGTH:
        return None
    if found := SHA256_FORM(text):
        return found[1].lower()
    if len(text) == MD5_LENGTH and key != "external_id" and MD5_FORM(text):
        return Reason.MD5
    return Reason.TOO_LONG if len(text) > MAX_LENGTH else None
