"""What the address of a report chooses: a window, a pixel and an event name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi.admin.filters import WINDOWS
from django_capi.admin.parameters import Parameter
from django_capi.conf import conf
from django_capi.reports import sums, windows

DEFAULT_DAYS: Final = 7  # Meta's own figures are averages of seven days
LONGEST_NAME: Final = 50
EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2100, 1, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """What the address chooses: a number of days or two dates, a pixel, an event name."""

    days: int
    dates: tuple[date, date] | None
    pixel_id: str | None
    event_name: str | None

    def query(self) -> str:
        window = (
            {"from": self.dates[0].isoformat(), "to": self.dates[1].isoformat()}
            if self.dates
            else {"days": str(self.days)}
        )
        chosen = {**window, "pixel": self.pixel_id, "event": self.event_name}
        return "?" + urlencode({name: value for name, value in chosen.items() if value})

    def scope(self, now: datetime) -> sums.Scope:
        window = windows.between(*self.dates) if self.dates else windows.last_days(self.days, now)
        return sums.Scope(window=window, pixel_id=self.pixel_id, event_name=self.event_name)


def chosen_in(request: HttpRequest) -> Chosen:
    """Return what the address chooses. What was not understood is the default, as the page says."""
    days, pixel_id = request.GET.get("days", ""), request.GET.get("pixel", "")
    return Chosen(
        days=int(days) if is_window(days) else DEFAULT_DAYS,
        dates=dates_in(request),
        pixel_id=pixel_id if is_pixel(pixel_id) else None,
        event_name=request.GET.get("event", "")[:LONGEST_NAME] or None,
    )


def dates_in(request: HttpRequest) -> tuple[date, date] | None:
    """Return the first and the last day that are shown: until today if only the first is given, else that day."""
    first, last = day_from(request.GET.get("from", "")), day_from(request.GET.get("to", ""))
    if first is None:
        return (last, last) if last else None
    last = last or timezone.localdate()
    return windows.shortened(min(first, last), max(first, last))


def day_from(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:  # a date that no calendar has
        return None
    return day if day and EARLIEST <= day <= LATEST else None


def is_window(days: str) -> bool:
    return days in {str(number) for number in WINDOWS}


def is_pixel(pixel_id: str) -> bool:
    return pixel_id in {pixel.pixel_id for pixel in conf.pixels().values()}


def is_day(text: str) -> bool:
    return day_from(text) is not None


def window_shown(request: HttpRequest) -> object:
    chosen = chosen_in(request)
    if not chosen.dates:
        return WINDOWS[chosen.days]
    start, end = (formats.date_format(day, "SHORT_DATE_FORMAT") for day in chosen.dates)
    return _("%(start)s to %(end)s") % {"start": start, "end": end}


PIXEL: Final = Parameter(
    name="pixel",
    label=gettext_lazy("Pixel"),
    is_understood=is_pixel,
    shown=lambda _request: gettext_lazy("All pixels"),
)
PARAMETERS: Final = (
    Parameter(name="days", label=gettext_lazy("Window"), is_understood=is_window, shown=window_shown),
    Parameter(name="from", label=gettext_lazy("From"), is_understood=is_day, shown=window_shown),
    Parameter(name="to", label=gettext_lazy("To"), is_understood=is_day, shown=window_shown),
    PIXEL,
)
