"""Write the digest as plain text, in the current language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_capi.conf import conf
from django_capi.digest.contents import Digest, Loss, only_server
from django_capi.reports.evidence import Unsent
from django_capi.reports.outcomes import Outcome

MOST_NAMES: Final = 20  # event names in the table
MOST_REASONS: Final = 5  # of one event name


def subject(digest: Digest) -> str:
    return _("Conversions API, %(day)s: events %(events)s, lost %(lost)s, open problems %(problems)s") % {
        "day": day_of(digest.day),
        "events": number(digest.days.day.total.events),
        "lost": number(digest.days.day.total.all_lost),
        "problems": number(len(digest.problems)),
    }


def body(digest: Digest) -> str:
    parts = [what_changed(digest), what_is_lost(digest), money_of_the_server(digest), problems(digest)]
    return "\n\n".join("\n".join(part) for part in map(list, parts)) + "\n"


def what_changed(digest: Digest) -> Iterator[str]:
    days = digest.days
    names = days.names()
    yield _("Events on %(day)s, on the day before, and on the same day a week before") % {"day": day_of(digest.day)}
    if not names:
        yield "  " + _("None.")
        return
    shown = [*names[:MOST_NAMES], *([] if len(names) <= MOST_NAMES else [""])]
    width = max(map(len, shown))
    for name in names[:MOST_NAMES]:
        yield "  " + name.ljust(width) + "".join(number(events).rjust(12) for events in days.events(name))
    if len(names) > MOST_NAMES:
        more = len(names) - MOST_NAMES
        words = ngettext("and %(count)s more event name", "and %(count)s more event names", more)
        yield "  " + words % {"count": number(more)}
    yield "  " + _(
        "Reported to Meta by both channels: %(met)s, by the server only: %(server)s, by the browser only: %(browser)s, "
        "by neither: %(neither)s, waiting: %(waiting)s."
    ) % {str(outcome): number(days.day.total.of(outcome)) for outcome in Outcome}


def what_is_lost(digest: Digest) -> Iterator[str]:
    yield _("Lost: Meta has neither copy, as far as this site knows")
    if not digest.days.day.total.all_lost:
        yield "  " + _("Nothing.")
        return
    for loss in digest.losses:
        yield from lines_of(loss)
    yield from lost_conversions(digest.unsent)
    yield "  " + _("What to do: open Deduplication in the admin. The number of lost events leads to each of them.")


def lines_of(loss: Loss) -> Iterator[str]:
    value = f" ({amounts(loss.value)})" if loss.value else ""
    yield f"  {loss.event_name}: {number(loss.events)}{value}"
    for reason, events in loss.reasons[:MOST_REASONS]:
        yield f"    {number(events)}: {reason}"


def lost_conversions(unsent: Unsent) -> Iterator[str]:
    """The conversions that never became events, by event name and reason."""
    if not unsent.lost:
        return
    yield "  " + _("Conversions that were never sent:")
    for (event_name, reason), count in unsent.lost.most_common():
        shown = _("≥ %(number)s") % {"number": number(count)} if unsent.is_cut else number(count)
        yield f"    {event_name}: {shown}: {reason.label}"


def money_of_the_server(digest: Digest) -> Iterator[str]:
    days = digest.days
    yield _("Revenue that only the server reported")
    for words, measured in (
        (_("That day: %(money)s"), days.day),
        (_("The day before: %(money)s"), days.day_before),
        (_("A week before: %(money)s"), days.week_before),
    ):
        yield "  " + words % {"money": amounts(only_server(measured)) or number(0)}
    if len(conf.pixels()) > 1:
        yield "  " + _("An event that goes to several pixels is counted once for each of them, and so is its value.")


def problems(digest: Digest) -> Iterator[str]:
    yield _("Open problems")
    if not digest.problems:
        yield "  " + _("None.")
    for place, problem in enumerate(digest.problems, start=1):
        yield f"  {place}. {problem.message}"
        if problem.advice:
            yield from indented(_("What to do: %(advice)s") % {"advice": problem.advice})


def indented(text: str) -> Iterator[str]:
    """An advice may have several lines."""
    for line in text.splitlines():
        yield "     " + line.strip()


def number(value: int) -> str:
    return formats.number_format(value, force_grouping=True)


def amounts(by_currency: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{amount(value)} {currency}" for currency, value in by_currency.items() if value)


def amount(value: Decimal) -> str:
    digits = 0 if value == value.to_integral_value() else 2
    return formats.number_format(value, decimal_pos=digits, force_grouping=True)


def day_of(day: date) -> str:
    return formats.date_format(day, "SHORT_DATE_FORMAT")
