"""What a list says when it has no rows at all: what appears in it and when, and what to do if nothing does."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from django_capi.admin import empty
from django_capi.admin.empty import Empty
from django_capi.conf import conf
from django_capi.conversions.base import registry
from django_capi.models import Lane
from django_capi.reports.static_files import lacks_script

ALL_DELETED: Final = Empty(
    title=_("All events have been deleted."),
    steps=(_("New events appear here as soon as they are stored."),),
)
NO_CONVERSION_CLASS: Final = Empty(
    title=_("No conversion is registered."),
    steps=(_("Register a Conversion for a model, such as your orders: its conversions then appear here."),),
)
NO_CONVERSIONS: Final = _("No conversions yet.")
WHEN_CONVERSIONS: Final = _("An object appears here when it is saved, or when a worker finds it.")
NO_REQUESTS: Final = _("No requests to Meta.")
WHEN_REQUESTS: Final = _("A request appears here when a worker sends events that are due.")
NO_LANES: Final = _("No worker has run yet.")
WHEN_LANES: Final = _("A pixel appears here when a worker first checks for its events.")
NO_OTHER_PIXELS: Final = _("No other pixel has been seen.")
WHEN_OTHER_PIXELS: Final = _(
    "A pixel that other code puts on a page appears here when a browser reports it. Without one, nothing is to be done."
)


def of_events() -> Empty:
    if not conf.pixels():
        return empty.NOT_CONFIGURED
    if conf.CONSENT is None:
        return empty.NO_CONSENT_POLICY
    if not empty.is_new():
        return ALL_DELETED
    return empty.NO_STATIC_FILES if lacks_script() else empty.NEW


def of_conversions() -> Empty:
    if not conf.pixels():
        return empty.NOT_CONFIGURED
    if not registry:
        return NO_CONVERSION_CLASS
    return Empty(title=NO_CONVERSIONS, steps=(WHEN_CONVERSIONS, *missing_worker()))


def of_requests() -> Empty:
    if not conf.pixels():
        return empty.NOT_CONFIGURED
    sender = empty.notice()
    return Empty(title=NO_REQUESTS, steps=(WHEN_REQUESTS, *missing_worker(), *([sender] if sender else [])))


def of_lanes() -> Empty:
    if not conf.pixels():
        return empty.NOT_CONFIGURED
    return Empty(title=NO_LANES, steps=(WHEN_LANES, *empty.NO_WORKER.steps))


def of_other_pixels() -> Empty:
    return Empty(
        title=NO_OTHER_PIXELS,
        steps=(WHEN_OTHER_PIXELS, *(empty.NO_STATIC_FILES.steps if lacks_script() else ())),
    )


def missing_worker() -> tuple[Any, ...]:
    """How to start a worker, where none has ever run."""
    return () if Lane.objects.filter(seen_at__isnull=False).exists() else empty.NO_WORKER.steps
