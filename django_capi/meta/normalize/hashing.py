"""Hash normalised text with SHA-256, and recognise values that are hashed already."""

from __future__ import annotations

import re
from hashlib import sha256 as _sha256
from typing import Final

from django_capi.meta.left_out import Reason

MAX_LENGTH: Final = 1_000
MD5_LENGTH: Final = 32
SHA256_LENGTH: Final = 64

# Meta's parameter builder appends a short segment to a hash.
SHA256_FORM = re.compile(r"([0-9a-fA-F]{64})(?:\.[\w-]{2,8})?", re.ASCII).fullmatch
MD5_FORM = re.compile(r"[0-9a-fA-F]{32}").fullmatch


def sha256(text: str) -> str:
    return _sha256(text.encode()).hexdigest()


def digest(text: str) -> str:
    """Hash normalised text. A `Reason` and a hash are returned as they are; empty text gives a `Reason`."""
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
    """Return the hash if the text is one, a `Reason` if it is an MD5 or too long, and None for any other text."""
    if len(text) < MD5_LENGTH:
        return None
    if match := SHA256_FORM(text):
        return match[1].lower()
    if len(text) == MD5_LENGTH and key != "external_id" and MD5_FORM(text):
        return Reason.MD5
    return Reason.TOO_LONG if len(text) > MAX_LENGTH else None
