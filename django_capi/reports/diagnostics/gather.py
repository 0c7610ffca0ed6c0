"""Read the facts of the last day, with a fixed number of queries that each read a bounded number of rows.

Two more are made if an event seems to have stopped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, Min, Sum

from django_capi.checks.csp import check_policies
from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.ledger.tallies import STATES
from django_capi.meta.events import PAGE_VIEW
from django_capi.models import (
    ConversionMark,
    ConversionState,
    Event,
    ForeignPixel,
    NotSent,
    Span,
    Tally,
    UntrackedTally,
)
from django_capi.reports import evidence, health
from django_capi.reports.diagnostics.facts import (
    COLUMNS,
    Answers,
    Facts,
    LedgerRow,
    LostConversions,
    OtherPixel,
    PixelBacklog,
    Tallied,
)
from django_capi.reports.diagnostics.hosts import ADDRESS
from django_capi.reports.diagnostics.stopped import stopped
from django_capi.reports.overlap import Counts, counts_of
from django_capi.reports.static_files import lacks_script
from django_capi.reports.sums import State, state_from, sums_of_figures
from django_capi.reports.windows import Window, last_days, start_of

PAGE_VIEWS: Final = 500  # the newest ones that are read
OTHERS: Final = 1000  # of all other events
DEEPEST: Final = 10_000  # the newest events among which both are looked for
CONVERSIONS: Final = 1000
PAGES: Final = 1000
TODAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
WITHOUT_CONSENT: Final = (NotSent.DENIED, NotSent.UNKNOWN, NotSent.WITHDRAWN)


def gather(now: datetime, *, clock_ahead: timedelta = timedelta()) -> Facts:
    """Return what is known of the last day. Only pixels in the settings are examined."""
    pixels = tuple(conf.pixels().values())
    pixel_ids = tuple(dict.fromkeys(pixel.pixel_id for pixel in pixels))
    rows = [row for row in newest(now) if row.pixel_id in pixel_ids]
    stored = conversions(ConversionState.STORED, now - TODAY, now)
    not_sent = conversions(ConversionState.NOT_SENT, now - TODAY, now)
    asked_today = asked(last_days(1, now), pixel_ids)
    converted = {mark["event_name"] for mark in (*stored, *not_sent)}
    return Facts(
        now=now,
        pixel_ids=pixel_ids,
        tallied=tallied(now, pixel_ids),
        rows=[row for row in rows if not row.test_event_code],
        tests=[row for row in rows if row.test_event_code],
        shown={(mark["event_id"], mark["event_name"]) for mark in stored if mark["shown_at"]},
        lanes=health.lanes(),
        due=due(now),
        others=other_pixels(now, pixel_ids),
        answers=answers(stored, not_sent),
        answers_before=answers(
            conversions(ConversionState.STORED, now - WEEK, now - TODAY),
            conversions(ConversionState.NOT_SENT, now - WEEK, now - TODAY),
        ),
        asked=asked_today,
        asked_before=asked_before(now, pixel_ids),
        stopped=stopped(now, pixel_ids, besides={*asked_today, *product(pixel_ids, converted)}),
        lost_conversions=lost_conversions(stored, not_sent),
        test_codes={pixel.pixel_id for pixel in pixels if pixel.test_event_code and not settings.DEBUG},
        clock_ahead=clock_ahead,
        lacks_script=lacks_script(),
        lacks_policy=lacks_policy(),
        blocks_pixel=any(not message.is_silenced() for message in check_policies()),
    )


def lacks_policy() -> bool:
    """Whether no consent policy can be called, and the check for it is not silenced."""
    return conf.imported("CONSENT") is None and "django_capi.W004" not in settings.SILENCED_SYSTEM_CHECKS


def tallied(now: datetime, pixel_ids: Collection[str]) -> dict[tuple[str, str], Tallied]:
    rows = (
        Tally.objects.using(using())
        .filter(last_days(1, now).hourly(), pixel_id__in=pixel_ids)
        .order_by("pixel_id", *STATES)
    )
    found: dict[tuple[str, str], list[State]] = {}
    for row in rows.values("pixel_id", *STATES).annotate(**sums_of_figures()):
        found.setdefault((row["pixel_id"], row["event_name"]), []).append(state_from(row))
    return {
        place: Tallied(counts=sum(map(counts_of, states), Counts()), states=tuple(states))
        for place, states in found.items()
    }


def newest(now: datetime) -> list[LedgerRow]:
    """Return the newest events, not page views only, however many of those there are."""
    since = last_days(1, now).since
    times = (
        Event.objects.using(using())
        .filter(event_time__gte=since)
        .order_by("-event_time")
        .values_list("event_time", flat=True)
    )
    edge = max([since, *times[DEEPEST : DEEPEST + 1]])
    recent = Event.objects.using(using()).filter(event_time__gte=edge).order_by("-event_time")
    pages = recent.filter(event_name=PAGE_VIEW).values_list(*COLUMNS, ADDRESS)[:PAGE_VIEWS]
    others = recent.exclude(event_name=PAGE_VIEW).values_list(*COLUMNS, ADDRESS)[:OTHERS]
    return [LedgerRow.read(*values) for values in (*pages, *others)]


def due(now: datetime) -> dict[str, PixelBacklog]:
    waiting = Event.objects.using(using()).due(now).order_by().values("pixel_id")
    rows = waiting.annotate(events=Count("pk"), oldest=Min("due_at"))
    return {row["pixel_id"]: PixelBacklog(events=row["events"], oldest=row["oldest"]) for row in rows}


def other_pixels(now: datetime, pixel_ids: Collection[str]) -> list[OtherPixel]:
    seen = ForeignPixel.objects.using(using()).filter(last_seen_at__gte=now - TODAY, pixel_id__in=pixel_ids)
    pages = Counter(seen.order_by("-last_seen_at").values_list("pixel_id", "other_id")[:PAGES])
    return [
        OtherPixel(pixel_id=pixel_id, other_id=other_id, pages=count)
        for (pixel_id, other_id), count in sorted(pages.items())
    ]


def conversions(state: ConversionState, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return the newest conversions in this state, by an index."""
    marks = ConversionMark.objects.using(using()).filter(state=state, happened_at__gt=since, happened_at__lte=until)
    names = ("event_name", "event_id", "reason", "shown_at")
    return list(marks.order_by("-happened_at").values(*names)[:CONVERSIONS])


def answers(stored: Iterable[Mapping[str, Any]], not_sent: Iterable[Mapping[str, Any]]) -> dict[str, Answers]:
    """Count by event name the conversions of customers who were asked, and those that were not sent for that."""
    refused = Counter(mark["event_name"] for mark in not_sent if mark["reason"] in WITHOUT_CONSENT)
    total = refused + Counter(mark["event_name"] for mark in stored)
    return {name: Answers(refused=refused[name], total=count) for name, count in total.items()}


def lost_conversions(
    stored: Iterable[Mapping[str, Any]], not_sent: Iterable[Mapping[str, Any]]
) -> dict[str, LostConversions]:
    """Count by event name the conversions that were lost, and with them those that were stored."""
    lost = Counter(mark["event_name"] for mark in not_sent if mark["reason"] in evidence.LOST)
    total = lost + Counter(mark["event_name"] for mark in stored)
    return {name: LostConversions(lost=count, total=total[name]) for name, count in lost.items()}


def asked(window: Window, pixel_ids: Collection[str]) -> dict[tuple[str, str], Answers]:
    """Count by pixel and event name the events that were tracked, and with them those without consent."""
    refused, total = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    unasked = UntrackedTally.objects.using(using()).filter(window.tallies(), reason__in=WITHOUT_CONSENT)
    tracked = Tally.objects.using(using()).filter(window.tallies())
    for rows, counts in ((unasked, (refused, total)), (tracked, (total,))):
        sums = rows.filter(pixel_id__in=pixel_ids).order_by().values_list("pixel_id", "event_name")
        for pixel_id, event_name, events in sums.annotate(events_sum=Sum("events")):
            for count in counts:
                count[pixel_id, event_name] += events
    return {place: Answers(refused=refused[place], total=count) for place, count in total.items()}


def asked_before(now: datetime, pixel_ids: Collection[str]) -> dict[tuple[str, str], Answers]:
    """Return the counts of the six days before; none if events that are not tracked were not counted yet."""
    window = Window(since=start_of(7, now), until=start_of(1, now))
    counted = UntrackedTally.objects.using(using()).filter(span=Span.DAY, start__lte=window.since)
    return asked(window, pixel_ids) if counted.exists() else {}
