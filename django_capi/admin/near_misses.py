"""Find other events that may be the missing counterpart of this one, and say why Meta does not pair them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _

from django_capi.admin import wording
from django_capi.admin.detail import happened_at
from django_capi.admin.outcomes import outcome_of_event
from django_capi.ledger.test_copies import PREFIX, is_sent_by_staff
from django_capi.meta.events import PAGE_VIEW
from django_capi.models import Event, Origin
from django_capi.reports.outcomes import Outcome

NEAR: Final = 30  # seconds
MOST: Final = 5  # of each kind on a page


@dataclass(frozen=True, kw_only=True, slots=True)
class NearMiss:
    """Another event, and the sentence that explains it."""

    event: Event
    meaning: Any


def of(event: Event) -> list[NearMiss]:
    """Two queries."""
    return [*other_names(event), *other_ids(event)]


def other_names(event: Event) -> list[NearMiss]:
    """Events with this id under another name."""
    rows = Event.objects.filter(event_id=event.event_id, pixel_id=event.pixel_id).exclude(event_name=event.event_name)
    meaning = _("The same event id under another event name, %(name)s. Meta pairs copies only when both are equal.")
    return [NearMiss(event=row, meaning=meaning % {"name": row.event_name}) for row in rows.order_by("pk")[:MOST]]


def other_ids(event: Event) -> list[NearMiss]:
    """Events of the same visitor and name, within seconds, under other ids. Test events of staff are meant to be so."""
    if is_sent_by_staff(event):
        return []
    keys = {event.server_fbp, event.browser_fbp} - {""}
    people = {event.server_external_id, event.browser_external_id} - {""}
    if not (keys or people):
        return []
    same = Q(server_fbp__in=keys) | Q(browser_fbp__in=keys)
    same |= Q(server_external_id__in=people) | Q(browser_external_id__in=people)
    rows = Event.objects.filter(
        same,
        pixel_id=event.pixel_id,
        event_name=event.event_name,
        event_time__gte=event.event_time - NEAR,
        event_time__lte=event.event_time + NEAR,
    ).exclude(event_id=event.event_id)
    rows = rows.exclude(~Q(test_event_code=""), event_id__startswith=PREFIX)
    return [
        NearMiss(event=row, meaning=apart(event, row))
        for row in rows.order_by("event_time")[:MOST]
        if is_odd(event, row)
    ]


def is_odd(event: Event, other: Event) -> bool:
    """False for two page views in a row, unless they are of one page and a browser has reported one on its own."""
    if event.event_name != PAGE_VIEW:
        return True
    if event.page != other.page:
        return False
    origins = {event.origin, other.origin}
    return Origin.BROWSER in origins and origins != {Origin.BROWSER}


def apart(event: Event, other: Event) -> str:
    seconds = abs(other.event_time - event.event_time)
    words = _(
        "The same visitor and event name under another event id, %(seconds)s apart. If it is one action, Meta counts "
        "it twice: give both copies the same event id."
    )
    if {outcome_of_event(event), outcome_of_event(other)} == {Outcome.SERVER, Outcome.BROWSER}:
        words = _(
            "The same visitor and event name under another event id, %(seconds)s apart: one has only its server copy, "
            "the other only its browser copy. They are probably one action that was given two ids."
        )
    return words % {"seconds": wording.in_unit(seconds, "seconds")}


def rows(found: list[NearMiss], url_of: Any) -> list[dict[str, Any]]:
    """What the template prints."""
    return [
        {
            "url": url_of(miss.event.pk),
            "event": str(miss.event),
            "time": wording.instant(happened_at(miss.event)),
            "meaning": miss.meaning,
        }
        for miss in found
    ]
