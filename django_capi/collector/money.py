"""Read the value and the currency that a page gave to Meta's pixel."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from django_capi.ledger.store import stored_value

__all__ = ["currency_of", "value_of"]

# Meta's own samples write numbers as strings, too.
NUMBER: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,20})?").fullmatch
CODE: Final = re.compile(r"[A-Za-z]{3}").fullmatch


def value_of(given: object) -> Decimal | None:
    """Return a number as the column holds it; None for anything else.

    >>> value_of(19.9), value_of("19.90"), value_of("19,90"), value_of(True), value_of(1e12)
    (Decimal('19.9000'), Decimal('19.9000'), None, None, None)
    """
    if isinstance(given, bool):
        return None
    if isinstance(given, int | float) or (isinstance(given, str) and NUMBER(given)):
        return stored_value(given)
    return None


def currency_of(given: object) -> str | None:
    """Return a code of three letters in capitals; None for anything else.

    >>> currency_of("eur"), currency_of("euro"), currency_of(None)
    ('EUR', None, None)
    """
    return given.upper() if isinstance(given, str) and CODE(given) else None
