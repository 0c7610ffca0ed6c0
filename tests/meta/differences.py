"""Table of the values of which `facebook-business` 26 makes another hash, or raises, and why we do not follow it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from unicodedata import is_normalized

from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.text import clean
from tests.meta.vectors import MD5, SHA

RAISES: Final = "raises"
NAMES: Final = ("fn", "ln")
HASHED_KEYS: Final = ("em", "ph", "fn", "ln", "ct", "st", "zp", "country", "db", "external_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One input, what we make of it (a text or a Reason), and what the SDK makes of it (a text or `RAISES`)."""

    key: str
    value: str
    country: str | None
    ours: str
    theirs: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    keys: tuple[str, ...]
    value: str
    country: str | None = None
    ours: str
    theirs: str
    why: str
    covers: Callable[[Case], bool]


def _has_hidden_or_loose_marks(case: Case) -> bool:
    return not is_normalized("NFC", case.value) or clean(case.value) != case.value.strip()


def _has_other_digits(case: Case) -> bool:
    return any(character.isdecimal() and not character.isascii() for character in case.value)


DIFFERENCES: Final = (
    Difference(
        keys=HASHED_KEYS, value="\u200bann@example.com", ours="ann@example.com", theirs="\u200bann@example.com",
        why="zero-width and bidi marks are invisible leftovers of copying; no other copy of the value has them",
        covers=_has_hidden_or_loose_marks,
    ),
    Difference(
        keys=HASHED_KEYS, value="jo\u0308rg@example.com", ours="jörg@example.com", theirs="jo\u0308rg@example.com",
        why="one letter has two spellings in Unicode; only the composed one is typed by keyboards",
        covers=_has_hidden_or_loose_marks,
    ),
    Difference(
        keys=HASHED_KEYS, value=MD5, ours=Reason.MD5, theirs=MD5,
        why="Meta's pages take SHA-256 only; an external_id of 32 hex digits is an id and is hashed",
        covers=lambda case: case.ours == Reason.MD5,
    ),
    Difference(
        keys=HASHED_KEYS, value=f"{SHA}.AQICAQMC", ours=SHA, theirs=RAISES,
        why="Meta's own parameter builder appends such a segment to its hashes",
        covers=lambda case: case.ours == SHA and case.value.startswith(SHA + "."),
    ),
    Difference(
        keys=("ct", "st", "zp", "em", "ph", "fn", "ln"), value="123", ours=Reason.EMPTY, theirs="",
        why="an empty text is never hashed: Meta has a diagnostic for that very hash",
        covers=lambda case: case.ours == Reason.EMPTY,
    ),
    Difference(
        keys=HASHED_KEYS, value="undefined", ours=Reason.PLACEHOLDER, theirs=RAISES,
        why="None, null, N/A and an unfilled template variable would give unrelated customers the same hash",
        covers=lambda case: case.ours == Reason.PLACEHOLDER,
    ),
    Difference(
        keys=("em",), value="ann@example", ours=Reason.NOT_AN_EMAIL, theirs=RAISES,
        why="one bad value must cost that value, not the event, and no exception may hold an address",
        covers=lambda case: case.ours == Reason.NOT_AN_EMAIL and case.theirs == RAISES,
    ),
    Difference(
        keys=("em",), value="ann@example.com, bob@example.com", ours=Reason.NOT_AN_EMAIL,
        theirs="ann@example.com, bob@example.com",
        why="not one address, so it matches no one",
        covers=lambda case: case.ours == Reason.NOT_AN_EMAIL,
    ),
    Difference(
        keys=("em",), value="a" * 400 + "@example.com", ours=Reason.TOO_LONG, theirs="a" * 400 + "@example.com",
        why="no address is that long",
        covers=lambda case: case.ours == Reason.TOO_LONG,
    ),
    Difference(
        keys=("ph",), value="(650)555-1212", country="US", ours="16505551212", theirs="6505551212",
        why="the country code is mandatory, and the SDK cannot add it",
        covers=lambda case: case.country is not None and case.ours.isdecimal(),
    ),
    Difference(
        keys=("ph",), value="020 7946 0958", ours=Reason.PHONE_NEEDS_COUNTRY, theirs="2079460958",
        why="without its country the number would be taken for one of another country",
        covers=lambda case: case.ours == Reason.PHONE_NEEDS_COUNTRY,
    ),
    Difference(
        keys=("ph",), value="+44 (0)20 7946 0958", ours="442079460958", theirs="4402079460958",
        why="the (0) is dialled inside the country only",
        covers=lambda case: "(0)" in case.value,
    ),
    Difference(
        keys=("ph",), value="+4901711234567", ours="491711234567", theirs="4901711234567",
        why="what is dialled inside the country only goes; Italy keeps its zero",
        covers=lambda case: case.value.startswith(("+", "00")) and case.ours.isdecimal(),
    ),
    Difference(
        keys=("ph",), value="5215512345678", ours="525512345678", theirs="5215512345678",
        why="Mexico took the 1 out of its mobile numbers in 2019",
        covers=lambda case: case.theirs.startswith("521"),
    ),
    Difference(
        keys=("ph",), value="0171 1234567 / 030 1234567", country="DE", ours=Reason.PHONE_IMPOSSIBLE, theirs=RAISES,
        why="two numbers, or none that is possible in its country",
        covers=lambda case: case.ours == Reason.PHONE_IMPOSSIBLE,
    ),
    Difference(
        keys=("ph",), value="+1.650.555.1212 ext 5", ours="16505551212", theirs=RAISES,
        why="symbols, letters and extensions go, as Meta's page says",
        covers=lambda case: case.theirs == RAISES,
    ),
    Difference(
        keys=("ph", "zp", "db"), value="+１６５０５５５１２１２", ours="16505551212", theirs="１６５０５５５１２１２",
        why="the same digits, typed with another keyboard",
        covers=_has_other_digits,
    ),
    Difference(
        keys=("ph",), value="123456789012345678", ours=Reason.PHONE_LENGTH, theirs="123456789012345678",
        why="no number has more than fifteen digits",
        covers=lambda case: case.ours == Reason.PHONE_LENGTH,
    ),
    Difference(
        keys=NAMES, value="O'Neil", ours="oneil", theirs="o'neil",
        why="Meta's page wants no punctuation; the pixel and the parameter builder take it out as well",
        covers=lambda case: re.search(r"[\W_]", case.value) is not None,
    ),
    Difference(
        keys=("fn", "ln", "em"), value="\ud800nn", ours="nn", theirs=RAISES,
        why="half a character has no bytes; it is no letter either, and an address with one is left out",
        covers=lambda case: case.theirs == RAISES,
    ),
    Difference(
        keys=("ct",), value="St. John's", ours="stjohns", theirs="stjohn's",
        why="Meta's page wants no punctuation and no special characters",
        covers=lambda case: re.search(r"[^\w\s.()-]", case.value) is not None,
    ),
    Difference(
        keys=("st",), value="California", ours="ca", theirs="california",
        why="Meta's page wants the two letters for American states; the builder maps Canada's provinces too",
        covers=lambda case: len(case.ours) == 2,
    ),
    Difference(
        keys=("st",), value="DE-NW", country="DE", ours="nw", theirs="denw",
        why="of an ISO 3166-2 code, the part behind the country",
        covers=lambda case: re.fullmatch(r"[A-Za-z]{2}[-_][A-Za-z]{2,3}", case.value) is not None,
    ),
    Difference(
        keys=("st",), value="Virginia, West Virginia", ours="virginiawestvirginia", theirs="virginia,westvirginia",
        why="Meta's page wants no punctuation",
        covers=lambda case: "," in case.theirs,
    ),
    Difference(
        keys=("st",), value="Bayern (BY)", country="DE", ours="bayern", theirs="bayernby",
        why="a code in brackets behind the name is not part of it",
        covers=lambda case: case.value.endswith(")"),
    ),
    Difference(
        keys=("zp",), value="D-10115", country="DE", ours="10115", theirs="d",
        why="the country in front and the city behind are not part of a postcode of digits",
        covers=lambda case: case.ours.isdecimal(),
    ),
    Difference(
        keys=("zp",), value="GB-SW1A 1AA", country="GB", ours="sw1a1aa", theirs="gb",
        why="the country in front is not part of the postcode",
        covers=lambda case: case.theirs == case.value[:2].lower(),
    ),
    Difference(
        keys=("zp",), value="940351234", country="US", ours="94035", theirs="940351234",
        why="in the USA the first five digits, with or without the dash",
        covers=lambda case: case.country == "US",
    ),
    Difference(
        keys=("zp",), value="00-950", country="PL", ours="00950", theirs="00",
        why="Meta's page wants the dash taken out; cutting there leaves half a postcode in Poland, Japan or Brazil",
        covers=lambda case: "-" in case.value,
    ),
    Difference(
        keys=("country",), value="United States", ours="us", theirs=RAISES,
        why="Meta's own example; names and UK are known here",
        covers=lambda case: case.theirs == RAISES and len(case.ours) == 2,
    ),
    Difference(
        keys=("country",), value="Atlantis", ours=Reason.UNKNOWN_COUNTRY, theirs=RAISES,
        why="one bad value must cost that value, not the event",
        covers=lambda case: case.ours == Reason.UNKNOWN_COUNTRY,
    ),
    Difference(
        keys=("db",), value="2/16/1997", ours="19970216", theirs="2/16/1997",
        why="Meta's page wants YYYYMMDD; the SDK hashes what was typed",
        covers=lambda case: len(case.ours) == 8 and case.ours.isdecimal(),
    ),
    Difference(
        keys=("db",), value="05/03/1995", ours=Reason.AMBIGUOUS_DATE, theirs="05/03/1995",
        why="it could be two days; a wrong hash matches no one",
        covers=lambda case: case.ours in (Reason.AMBIGUOUS_DATE, Reason.IMPOSSIBLE_DATE),
    ),
    Difference(
        keys=("external_id",), value="User-42", ours="user-42", theirs="User-42",
        why="the SDK sends it raw; the pixel lowercases, takes white space out and hashes, and both sides must agree",
        covers=lambda case: case.theirs == case.value,
    ),
)  # fmt: skip
