"""Normalise dates of birth to `YYYYMMDD`."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from django_capi.meta.left_out import Reason
from django_capi.meta.normalize.text import fold_digits

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2099
MONTHS_IN_A_YEAR: Final = 12

_NAMES: Final = "january february march april may june july august september october november december"
MONTHS: Final = {name: number for number, full in enumerate(_NAMES.split(), start=1) for name in (full, full[:3])} | {
    "sept": 9
}

_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII).fullmatch
_YEAR_FIRST = re.compile(r"(\d{4})\D{1,3}(\d{1,2})\D{1,3}(\d{1,2})(?:\D.*)?", re.ASCII | re.DOTALL).fullmatch
_YEAR_LAST = re.compile(r"(\d{1,2})[^\d\w]{1,3}(\d{1,2})[^\d\w]{1,3}(\d{4})\D?", re.ASCII).fullmatch
_DAY_MONTH_NAME = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\W*([a-z]+)\W*(\d{4})", re.ASCII).fullmatch
_MONTH_NAME_DAY = re.compile(r"([a-z]+)\W*(\d{1,2})(?:st|nd|rd|th)?\W+(\d{4})", re.ASCII).fullmatch


def birth_date(text: str, _country: str | None) -> str:
    """Read a date with the year first, a day above twelve, or a month in letters; `05/03/1995` is ambiguous."""
    text = fold_digits(text).lower()
    if match := _COMPACT(text) or _YEAR_FIRST(text):
        return _day(int(match[1]), int(match[2]), int(match[3]))
    if match := _YEAR_LAST(text):
        return _year_last(int(match[1]), int(match[2]), int(match[3]))
    if match := _DAY_MONTH_NAME(text):
        return _named(int(match[3]), match[2], int(match[1]))
    if match := _MONTH_NAME_DAY(text):
        return _named(int(match[3]), match[1], int(match[2]))
    return Reason.AMBIGUOUS_DATE


def _year_last(first: int, second: int, year: int) -> str:
    if first == second or first > MONTHS_IN_A_YEAR:
        return _day(year, second, first)
    if second > MONTHS_IN_A_YEAR:
        return _day(year, first, second)
    return Reason.AMBIGUOUS_DATE


def _named(year: int, month: str, day: int) -> str:
    return _day(year, MONTHS[month], day) if month in MONTHS else Reason.AMBIGUOUS_DATE


def _day(year: int, month: int, day: int) -> str:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return Reason.IMPOSSIBLE_DATE
    try:
        return f"{date(year, month, day):%Y%m%d}"
    except ValueError:
        return Reason.IMPOSSIBLE_DATE
