"""What staff are told after they have asked to send a copy of an event as a test event."""

from __future__ import annotations

from typing import Any, Final

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi.admin import wording
from django_capi.admin.cells import linked
from django_capi.ledger.test_copies import Obstacle
from django_capi.models import Event

HINDERED: Final[dict[Obstacle, Any]] = {
    Obstacle.WITHDRAWN: gettext_lazy("No copy is sent: the event was withdrawn, or its visitor has withdrawn consent."),
    Obstacle.NO_CONSENT: gettext_lazy("No copy is sent: there was no consent when the event happened."),
    Obstacle.NOT_ENDED: gettext_lazy("No copy is sent: the event waits to be sent, or Meta has accepted it."),
    Obstacle.NO_PAYLOAD: gettext_lazy("No copy is sent: the payload of the event has been removed."),
    Obstacle.TOO_OLD: gettext_lazy("No copy is sent: the event is too old. Its deadline was %(time)s."),
    Obstacle.COPY_WAITS: gettext_lazy("No other copy is sent: one with this payload and test code is waiting already."),
}


def hindered(event: Event, obstacle: Obstacle) -> str:
    return str(HINDERED[obstacle]) % {"time": wording.instant(event.deadline)}


def copied(copy: Event, site_name: str) -> SafeString:
    """Lead to the copy, and to the page on which it is listed."""
    return format_html(
        _("A copy will be sent as a test event, {copy}. This event stays as it is. Test events are listed in {page}."),
        copy=linked(reverse(f"{site_name}:django_capi_event_change", args=[copy.pk]), copy.event_id),
        page=linked(reverse(f"{site_name}:django_capi_event_test_events"), _("Test events")),
    )
