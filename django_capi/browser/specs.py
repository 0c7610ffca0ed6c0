"""Sign the events of a page that the browser may have to mirror, and verify them when they come back.

A page that several visitors get carries no event ids. Its events carry a spec instead: the name and the custom data,
signed, so that the collector stores what the server wrote and not what a browser claims.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.core import signing

from django_capi.conf import conf
from django_capi.ledger.store import digest

__all__ = ["Spec", "is_conversion", "read", "sign"]

SALT: Final = "django_capi.spec"
LIFETIME: Final = 7 * 24 * 3600  # seconds; Meta takes no older event, and few caches keep a page for longer
# Each of these says that a person has paid, signed up or applied.
CONVERSIONS: Final = frozenset(
    {"CompleteRegistration", "Donate", "Purchase", "StartTrial", "SubmitApplication", "Subscribe"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spec:
    """An event that this server wrote into a page."""

    event_name: str
    custom_data: Mapping[str, Any] = field(repr=False)
    event_id: str | None  # the only id under which it may be stored; None: any
    fbp: str  # digest of the visitor's _fbp; empty: of any visitor
    age: float  # seconds

    def authorizes(self, *, event_id: str, fbp: str | None) -> bool:
        """True if this visitor may have an event of any name stored because of the spec."""
        if self.age > LIFETIME or (self.fbp and self.fbp != digest(fbp)):
            return False
        if self.event_id is None:
            return not is_conversion(self.event_name)
        return self.event_id == event_id


def is_conversion(event_name: str) -> bool:
    """True if a page that several visitors get must not make this event."""
    return event_name in CONVERSIONS and event_name not in conf.BROWSER_EVENTS


def sign(
    event_name: str, custom_data: Mapping[str, object], *, fbp: str | None = None, event_id: str | None = None
) -> str:
    """The spec as text for the page.

    `fbp`: of the visitor that the page is for; None where several visitors get it.
    `event_id`: the one id that the event may get; without it a conversion cannot be mirrored at all.
    """
    content = {"event_name": event_name, "custom_data": custom_data, "at": int(time.time())}
    bound = {"fbp": digest(fbp), "event_id": event_id}
    return signing.dumps(
        {**content, **{key: value for key, value in bound.items() if value}}, salt=SALT, compress=bool(custom_data)
    )


def read(text: object) -> Spec | None:
    """The spec; None if the text was not signed by this server."""
    if not isinstance(text, str):
        return None
    try:
        found = signing.loads(text, salt=SALT)
    except (signing.BadSignature, UnicodeError):  # the latter for half a character
        return None
    return Spec(
        event_name=found["event_name"],
        custom_data=found["custom_data"],
        event_id=found.get("event_id"),
        fbp=found.get("fbp", ""),
        age=time.time() - found.get("at", 0),
    )
