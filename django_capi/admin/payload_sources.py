"""Where the payload helper takes a payload from: a stored event, or else an object as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.admin import AdminSite
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from django_capi import callbacks
from django_capi.admin import links, outcomes, payload_helper, pills, pixels, search, stored, story, wording
from django_capi.admin.cells import linked
from django_capi.admin.detail import happened_at
from django_capi.admin.logs import outcome_pill, why_not_sent
from django_capi.admin.payload_helper import Examined
from django_capi.meta.events import InvalidEvent
from django_capi.models import ConversionMark, Event, Status

MOST: Final = 50  # events that one term may name


@dataclass(frozen=True, kw_only=True, slots=True)
class PayloadSource:
    """A payload or the problem with it, and the stored event and the conversion that it belongs to."""

    examined: Examined | None = None
    problem: str = ""
    is_rebuilt: bool = False
    event: Event | None = None
    mark: ConversionMark | None = None

    @property
    def pixel_id(self) -> str:
        """Return the pixel of the event; empty where it is not known."""
        if self.event:
            return self.event.pixel_id
        return next(iter(self.mark.pixel_ids.split()), "") if self.mark else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEventRow:
    """A stored event, and what became of it."""

    name: object
    event_id: str
    time: str
    pixel: str
    server: SafeString
    browser: SafeString
    outcome: Any
    reason: str


def of_term(term: str) -> PayloadSource:
    """Return the stored payload of an event by its id, or of the newest conversion of an object; else a new one."""
    mark = None
    event = best(Event.objects.filter(event_id__in=search.spellings(term)))
    if event is None:
        mark = ConversionMark.objects.filter(search.conversions(term)).order_by("-pk").first()
        event = best(events_of(mark.event_id, mark.event_name) if mark else Event.objects.filter(search.events(term)))
    if event and not mark:
        mark = ConversionMark.objects.of(event.object_ref, event.event_name).first() if event.object_ref else None
    if event and event.payload:
        return PayloadSource(examined=payload_helper.examine_payload(event.payload), event=event, mark=mark)
    if mark:
        return rebuilt(mark, event)
    return PayloadSource(problem=_("There is no event with a payload and no conversion of this name."), event=event)


def events_of(event_id: str, event_name: str) -> QuerySet[Event]:
    """The event of each pixel; none for an empty id."""
    return Event.objects.filter(event_id=event_id, event_name=event_name).exclude(event_id="")


def best(events: QuerySet[Event]) -> Event | None:
    """Return the newest event that has a payload, else the newest one. Rows are read by the index on the id."""
    found = events.order_by("event_id", "event_name", "pixel_id")[:MOST]
    return max(found, key=lambda event: (bool(event.payload), event.pk), default=None)


def rebuilt(mark: ConversionMark, event: Event | None) -> PayloadSource:
    examined, problem = None, ""
    try:
        given = payload_helper.of_conversion(mark)
        if isinstance(given, str):
            problem = given
        else:
            examined = payload_helper.examine(given)
    except callbacks.Failed:
        problem = _("A method of the Conversion raised an error. The log names it.")
    except InvalidEvent as error:
        problem = payload_helper.refused(error)
    return PayloadSource(examined=examined, problem=problem, is_rebuilt=examined is not None, event=event, mark=mark)


def printed(source: PayloadSource, site: AdminSite, request: HttpRequest) -> dict[str, Any]:
    """What the page says of the event and the conversion."""
    event, mark = source.event, source.mark
    rows = events_of(event.event_id, event.event_name).order_by("pixel_id")[:MOST] if event else ()
    return {
        "stored_events": stored_rows(list(rows), site, request),
        "stored_for": pixels.name_of(event.pixel_id) if event and event.payload else "",
        "refusal": story.refusal(event) if event and event.payload and event.status == Status.REJECTED else "",
        "is_rebuilt": source.is_rebuilt,
        "conversion": conversion(mark, site, request) if mark and not event else None,
    }


def stored_rows(events: Sequence[Event], site: AdminSite, request: HttpRequest) -> list[StoredEventRow]:
    return [
        StoredEventRow(
            name=linked(links.to_event(site, request, event.pk), event.event_name),
            event_id=event.event_id,
            time=wording.instant(happened_at(event)),
            pixel=pixels.name_of(event.pixel_id),
            server=pills.server(event.status),
            browser=pills.browser(event.browser_state),
            outcome=outcomes.LABELS[outcomes.outcome_of_event(event)],
            reason=stored.translated(event.error_reason) or wording.NOTHING,
        )
        for event in events
    ]


def conversion(mark: ConversionMark, site: AdminSite, request: HttpRequest) -> dict[str, Any]:
    return {
        "name": linked(links.to_conversion(site, request, mark.pk), mark),
        "outcome": outcome_pill(mark),
        "reason": why_not_sent(mark),
    }
