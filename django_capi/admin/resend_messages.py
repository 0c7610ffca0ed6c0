"""What staff are told after they have asked to resend events, or to send a copy of one as a test event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_capi.admin import stored, wording
from django_capi.admin.cells import linked
from django_capi.ledger.test_copies import Obstacle
from django_capi.meta.rules import Problem
from django_capi.models import Event

HINDERED: Final[dict[Obstacle, Any]] = {
    Obstacle.WITHDRAWN: gettext_lazy("No copy is sent: the event was withdrawn, or its visitor has withdrawn consent."),
    Obstacle.NO_CONSENT: gettext_lazy("No copy is sent: there was no consent when the event happened."),
    Obstacle.NOT_ENDED: gettext_lazy("No copy is sent: the event waits to be sent, or Meta has accepted it."),
    Obstacle.NO_PAYLOAD: gettext_lazy("No copy is sent: the payload of the event has been removed."),
    Obstacle.TOO_OLD: gettext_lazy("No copy is sent: the event is too old. Its deadline was %(time)s."),
    Obstacle.COPY_WAITS: gettext_lazy("No other copy is sent: one with this payload and test code is waiting already."),
}


def left_alone(problems: Mapping[int, Problem]) -> str:
    """The events that were left alone because Meta would refuse them, and each reason once."""
    words = ngettext(
        "%(count)d was left alone, because Meta would refuse it. %(reasons)s",
        "%(count)d were left alone, because Meta would refuse them. %(reasons)s",
        len(problems),
    )
    reasons = dict.fromkeys(reason_of(problem) for problem in problems.values())
    return words % {"count": len(problems), "reasons": " ".join(reasons)}


def reason_of(problem: Problem) -> str:
    return stored.translated(f"{problem.field}: {problem.advice}")


def hindered(event: Event, obstacle: Obstacle | Problem) -> str:
    if isinstance(obstacle, Problem):
        return _("No copy is sent, because Meta would refuse it. %(reason)s") % {"reason": reason_of(obstacle)}
    return str(HINDERED[obstacle]) % {"time": wording.instant(event.deadline)}


def copied(copy: Event, site_name: str) -> SafeString:
    """Lead to the copy, and to the page on which it is listed."""
    return format_html(
        _("A copy will be sent as a test event, {copy}. This event stays as it is. Test events are listed in {page}."),
        copy=linked(reverse(f"{site_name}:django_capi_event_change", args=[copy.pk]), copy.event_id),
        page=linked(reverse(f"{site_name}:django_capi_event_test_events"), _("Test events")),
    )
