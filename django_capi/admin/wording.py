"""Numbers, money and times as short words in the reader's language."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

NOTHING = "—"

WITHOUT_MINOR_UNIT: Final = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip

# Each unit with its seconds; a duration is told in the largest one that it fills.
UNITS = ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))


def number(value: int) -> str:
    return formats.number_format(value, force_grouping=True)


def money(value: Decimal, currency: str, *, space: str = "\u00a0") -> str:
    """The amount with its currency's code; more digits than usual only where the amount has them."""
    exact = value.normalize()
    digits = max(-int(exact.as_tuple().exponent), 0)
    usual = 0 if currency in WITHOUT_MINOR_UNIT else 2
    amount = formats.number_format(exact, decimal_pos=max(digits, usual), force_grouping=True)
    return f"{amount}{space}{currency}"


def worth(value: Decimal | None, currency: str | None) -> str:
    """The amount, or what is there of amount and currency; empty without either."""
    if value is None or not currency:
        return currency or ("" if value is None else formats.number_format(value.normalize(), force_grouping=True))
    return money(value, currency)


def percent(share: float | None) -> str:
    """Rounded down to a tenth: 100 % is said only of all."""
    if share is None:
        return NOTHING
    tenths = math.floor(share * 1000 + 1e-9)
    value = tenths // 10 if tenths % 10 == 0 else tenths / 10
    return _("%(number)s%%") % {"number": formats.number_format(value)}


def ratio(part: int, of: int) -> str:
    """Rounded down to a hundredth: 1 is said only of as many."""
    return formats.number_format(Decimal(100 * part // of) / 100, decimal_pos=2) if of else NOTHING


def seconds(length: timedelta) -> str:
    """To a hundredth, as requests take less than a second."""
    number = formats.number_format(round(length.total_seconds(), 2), decimal_pos=2)
    return (_("%(number)s s") % {"number": number}).replace(" ", "\u00a0")


def at_least(value: int) -> str:
    return _("≥ %(number)s") % {"number": number(value)}


def pair(name: object, value: object) -> str:
    """A name and its value, or a sentence and its reason, with the colon of the reader's language."""
    return _("%(name)s: %(value)s") % {"name": name, "value": value}


def listed(items: Iterable[str]) -> str:
    return pgettext("between the items of a list", ", ").join(items)


def duration(length: timedelta | None) -> str:
    if length is None:
        return NOTHING
    seconds = max(0, int(length.total_seconds()))
    size, unit = largest_unit(seconds)
    return in_unit(seconds // size, unit)


def rounded_up(length: timedelta) -> str:
    """The duration in the same unit, of which the last one may not be full."""
    seconds = math.ceil(length.total_seconds())
    size, unit = largest_unit(seconds)
    return in_unit(math.ceil(seconds / size), unit)


def largest_unit(seconds: int) -> tuple[int, str]:
    return next((pair for pair in UNITS if seconds >= pair[0]), UNITS[-1])


def in_unit(count: int, unit: str) -> str:
    words = {
        "days": ngettext("%(count)d day", "%(count)d days", count),
        "hours": ngettext("%(count)d hour", "%(count)d hours", count),
        "minutes": ngettext("%(count)d minute", "%(count)d minutes", count),
        "seconds": ngettext("%(count)d second", "%(count)d seconds", count),
    }
    return words[unit] % {"count": count}


def instant(moment: datetime | None) -> str:
    """To the second, for two copies are often less than a minute apart."""
    if moment is None:
        return NOTHING
    local = timezone.localtime(moment)
    return f"{formats.date_format(local, 'SHORT_DATE_FORMAT')} {local:%H:%M:%S}"


def minute(moment: datetime) -> str:
    """To the minute, in the current time zone."""
    local = timezone.localtime(moment)
    return f"{formats.date_format(local, 'SHORT_DATE_FORMAT')} {local:%H:%M}"


def day(moment: datetime) -> str:
    """The day in the time zone that the moment is given in."""
    return formats.date_format(moment, "SHORT_DATE_FORMAT")
