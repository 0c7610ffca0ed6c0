"""Find e-mail addresses and telephone numbers in text, also when it is percent-encoded several times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

MOST_ENCODINGS: Final = 5
AT: Final = "@＠﹫"

# A quick test: any contact data contains one of these.
has_sign = re.compile(rf"[{AT}%+＋]").search
_ADDRESS = re.compile(rf"[^\s{AT}][{AT}][^\s{AT}.]+\.[^\s{AT}]").search
# With its plus or a scheme: otherwise it could be an order number or a barcode.
_NUMBER = re.compile(
    r"(?<![\w+])[+＋][ (]{0,2}\d(?:[ ().\-/]{0,3}\d){7,14}(?!\d)|\b(?:tel|sms|callto):[+(\d]", re.IGNORECASE
).search

# Without a plus: grouped as in North America, or with a trunk zero and an area code. Dates do not match.
_NORTH_AMERICAN: Final = r"(?:1[ .-])?\(?\d{3}\)?[ .-] ?\d{3}[ .-]\d{4}"
_WITH_TRUNK_ZERO: Final = r"\(?0\d{1,4}\)?(?:[ /-]{1,3}\d{2,8}){1,5}"
_NATIONAL_NUMBER = re.compile(rf"(?<![\d.,-])(?:{_NORTH_AMERICAN}|{_WITH_TRUNK_ZERO})(?![\d.,]?\d)").search
_FEWEST_DIGITS: Final = 9


def holds_contact_data(text: str) -> bool:
    """Whether the text contains an email address or an international telephone number.

    >>> holds_contact_data("order-ann@example.com"), holds_contact_data("ann%2540example.com")
    (True, True)
    >>> holds_contact_data("call +49 171 1234567"), holds_contact_data("order-4915112345678")
    (True, False)
    """
    return bool(has_sign(text)) and any(_ADDRESS(one) or _NUMBER(one) for one in decodings(text))


def holds_phone_number(text: str) -> bool:
    """Whether free text contains a telephone number, with or without its country code.

    >>> holds_phone_number("call 0171 1234567"), holds_phone_number("(650) 555-1212"), holds_phone_number("01-02-2026")
    (True, True, False)
    """
    match = _NATIONAL_NUMBER(text)
    return bool(_NUMBER(text)) or (match is not None and sum(map(str.isdigit, match[0])) >= _FEWEST_DIGITS)


def decodings(text: str) -> Iterator[str]:
    """Yield the text, then the text with one layer of percent-encoding removed at a time."""
    yield text
    for _ in range(MOST_ENCODINGS):
        if "%" not in text or (decoded := unquote(text)) == text:
            return
        yield (text := decoded)
