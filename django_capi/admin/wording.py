"""Numbers and times come in; short words for a table's cell go out, in the reader's language."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

NOTHING = "—"

# Each unit with its seconds; a duration is told in the largest one that it fills.
UNITS = ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))


def number(value: int) -> str:
    return formats.number_format(value, force_grouping=True)


def percent(share: float | None) -> str:
    """Rounded down to a tenth: 100 % is said only of all."""
    if share is None:
        return NOTHING
    tenths = math.floor(share * 1000 + 1e-9)
    value = tenths // 10 if tenths % 10 == 0 else tenths / 10
    return _("%(number)s%%") % {"number": formats.number_format(value)}


def duration(length: timedelta | None) -> str:
    if length is None:
        return NOTHING
    seconds = max(0, int(length.total_seconds()))
    size, unit = next((pair for pair in UNITS if seconds >= pair[0]), UNITS[-1])
    return in_unit(seconds // size, unit)


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
