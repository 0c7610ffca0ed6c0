"""Recognise text that stands for a missing value: `None`, `null`, `N/A`, an unfilled template variable."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

LONGEST: Final = 60

_ANYWHERE: Final = frozenset(
    {
        "#n/a", "anonymous", "anonymoususer", "desconocido", "inconnu", "k.a.", "n.a", "n.a.", "n/a", "n/d", "no value",
        "none", "not applicable", "not available", "not given", "not provided", "not set", "not specified", "null",
        "object object", "unbekannt", "undefined", "unknown", "なし", "无",
    }
)  # fmt: skip
# Na and Nil are names of people; NA is the province of Naples and the country code of Namibia.
_NOT_FOR_NAMES: Final = frozenset({"false", "na", "nil", "true"})
_AS_AN_ID: Final = frozenset({"-1", "0", "00000000-0000-0000-0000-000000000000", "guest"})
# As pandas and JavaScript write it; Nan is a name.
_NOT_A_NUMBER: Final = frozenset({"NaN", "nan"})
# The surname as people write it; programs write null or NULL.
_SURNAMES: Final = frozenset({"Null"})

_WRAPPING: Final = "()<>[]{}\"'`*"
_VARIABLE = re.compile(r"\{\{.*\}\}|\{%.*%\}|\$\{.*\}|<%.*%>|%[A-Za-z_]+%", re.DOTALL).fullmatch
_ZEROS = re.compile(r"0+(?:[ -]?0+)*").fullmatch

# Every word that can be a placeholder, casefolded, and the bytes of its letters and digits.
WORDS: Final = _ANYWHERE | _NOT_FOR_NAMES | _AS_AN_ID | {"nan"}
AS_BYTES: Final = frozenset("".join(filter(str.isalnum, word)).encode() for word in WORDS)


class Kind(Enum):
    """What a value is, as some placeholders are real values elsewhere: `Na` is a name and `0` a number."""

    NAME = auto()  # of a person or a place
    SURNAME = auto()
    POSTCODE = auto()
    ID = auto()
    OTHER = auto()


def is_placeholder(text: str, kind: Kind = Kind.OTHER) -> bool:
    """Whether the text stands for a missing value.

    >>> is_placeholder("null", Kind.SURNAME), is_placeholder("Null", Kind.SURNAME), is_placeholder("NA", Kind.NAME)
    (True, False, False)
    """
    if len(text) > LONGEST:
        return False
    if _VARIABLE(text) or (kind is Kind.POSTCODE and _ZEROS(text)):
        return True
    if kind is Kind.ID and not any(map(str.isalnum, text)):
        return True
    bare = text.strip(_WRAPPING).strip()
    if bare in _SURNAMES and kind is Kind.SURNAME:
        return False
    folded = bare.casefold()
    return (
        folded in _ANYWHERE
        or bare in _NOT_A_NUMBER
        or (folded in _NOT_FOR_NAMES and kind not in (Kind.NAME, Kind.SURNAME))
        or (folded in _AS_AN_ID and kind is Kind.ID)
    )
