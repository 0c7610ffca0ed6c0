"""The sentence that says why lists are shorter than the figures that lead to them."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.translation import gettext as _

from django_capi.admin import wording
from django_capi.reports.deleted import deleted
from django_capi.reports.windows import Window


def sentence(window: Window) -> str:
    """Say which events of the window have been deleted; empty if none."""
    found = deleted(window)
    if found is None:
        return ""
    if found.is_all:
        return _("The events of this window have been deleted. Their counts remain, but lists of them are empty.")
    if found.before is None:
        return _("Some events of this window have been deleted. Their counts remain, so lists of events are shorter.")
    words = (
        _("Events before %(time)s and some later ones have been deleted. Their counts remain, so lists are shorter.")
        if found.has_later
        else _("Events before %(time)s have been deleted. Their counts remain, so lists of events are shorter.")
    )
    return words % {"time": wording.instant(datetime.fromtimestamp(found.before, UTC))}
