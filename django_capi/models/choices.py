"""The choices of the models' fields."""

from __future__ import annotations

from enum import IntFlag
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_capi.meta.normalize.keys import MATCH_KEYS

__all__ = [
    "MATCH_KEYS",
    "RESENDABLE",
    "BrowserFamily",
    "BrowserState",
    "ConversionState",
    "MatchKey",
    "NotSent",
    "Origin",
    "Rank",
    "Status",
]

MatchKey = IntFlag("MatchKey", MATCH_KEYS)  # type: ignore[misc]  # the names are those of the table


class Status(models.IntegerChoices):
    """The state of the server copy. All but PENDING are final."""

    PENDING = 0, _("pending")
    ACCEPTED = 1, _("accepted")
    REJECTED = 2, _("rejected")
    EXPIRED = 3, _("expired")
    WITHDRAWN = 4, _("withdrawn")
    IN_DOUBT = 5, _("in doubt")


class BrowserState(models.IntegerChoices):
    """What the page reported of the browser copy. A larger value is never replaced by a smaller one."""

    NONE = 0, _("no receipt")
    BLOCKED = 1, _("blocked")
    FIRED = 2, _("fired")


class BrowserFamily(models.IntegerChoices):
    """Which browser the customer used, from the user agent."""

    UNKNOWN = 0, _("not known")  # no user agent, or a row of an earlier release
    CHROME = 1, "Chrome"
    SAFARI = 2, "Safari"
    FIREFOX = 3, "Firefox"
    EDGE = 4, "Edge"
    SAMSUNG = 5, "Samsung Internet"
    OPERA = 6, "Opera"
    INSTAGRAM = 7, "Instagram"
    FACEBOOK = 8, _("Facebook app")
    OTHER = 9, _("other")


class Rank(models.IntegerChoices):
    """The order in which pending events are sent: conversions before page views.

    Mirrored events, which only a browser reported, come after those of the server. An event at which Meta's servers
    failed is in quarantine: it is sent last and in a separate request, so that it delays no other.
    """

    FIRST = 0, _("first")
    PAGE_VIEW = 1, _("page views")
    MIRRORED = 2, _("reported by a browser only")
    QUARANTINE = 3, _("alone")


class Origin(models.IntegerChoices):
    """Where the event comes from."""

    PAGE = 0, _("page")
    TRACK = 1, _("track()")
    CONVERSION = 2, _("conversion")
    BROWSER = 3, _("browser")


RESENDABLE: Final = (Status.REJECTED, Status.IN_DOUBT, Status.EXPIRED)  # those that Meta may not have accepted


class ConversionState(models.IntegerChoices):
    """The state of an object's conversion. OPEN ones are owed; INCOMPLETE ones still lack data."""

    OPEN = 0, _("has not happened")
    INCOMPLETE = 1, _("stored, to be completed")  # in a transaction; the data is read again when it commits
    STORED = 2, _("stored")
    NOT_SENT = 3, _("not sent")


class NotSent(models.TextChoices):
    """Why a conversion has no event although it has happened, or why an event of a request was not tracked."""

    BEFORE = "before", _("it happened before this app knew the model")
    DENIED = "denied", _("the customer declined")
    UNKNOWN = "unknown", _("the customer's consent is not known")
    WITHDRAWN = "withdrawn", _("the customer withdrew consent")
    EXCLUDED = "excluded", _("it came from a crawler or an excluded request")
    NO_PIXEL = "no_pixel", _("it belongs to no pixel")
    TOO_OLD = "too_old", _("it was found too late for Meta")
