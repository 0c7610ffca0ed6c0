"""Find e-mail addresses and telephone numbers in text, also when it is percent-encoded several times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

MOST_ENCODINGS: Final = 5
AT: Final = "@＠﹫"

_SIGNS = re.compile(rf"[{AT}%+＋:]").search
_ADDRESS = re.compile(rf"[^\s{AT}][{AT}][^\s{AT}.]+\.[^\s{AT}]").search
# With its plus or its scheme: without them a number cannot be told from an order number or a barcode.
_NUMBER = re.compile(
    r"(?<![\w+])[+＋][ (]{0,2}\d(?:[ ().\-/]{0,3}\d){7,14}(?!\d)|\b(?:tel|sms|callto):[+(\d]", re.IGNORECASE
).search


def holds_contact_data(text: str) -> bool:
    """Whether an e-mail address or an international telephone number stands in the text.

    >>> holds_contact_data("order-ann@example.com"), holds_contact_data("ann%2540example.com")
    (True, True)
    >>> holds_contact_data("call +49 171 1234567"), holds_contact_data("order-4915112345678")
    (True, False)
    """
    return bool(_SIGNS(text)) and any(_ADDRESS(one) or _NUMBER(one) for one in decodings(text))


def decodings(text: str) -> Iterator[str]:
    """The text, and what it says with one layer of percent-encoding less, and one less again."""
    yield text
    for _ in range(MOST_ENCODINGS):
        if "%" not in text or (decoded := unquote(text)) == text:
            return
        yield (text := decoded)
