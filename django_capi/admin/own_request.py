"""What the payload helper says of the staff member's own request: what would be sent of it now, and why."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_capi.admin import wording
from django_capi.admin.payload_helper import Examined, Given, values_of
from django_capi.conf import conf
from django_capi.consent import decisions
from django_capi.consent.decisions import Decision
from django_capi.meta import rules
from django_capi.meta.events import ActionSource, CustomData, UserData
from django_capi.models import Origin
from django_capi.requests import original, test_mode, visitor
from django_capi.requests.agents import ClientKind, agent_of
from django_capi.requests.contact import raw_contact
from django_capi.requests.routing import pixels_for
from django_capi.requests.visitor import Visitor
from django_capi.tracking.actions import Action, entry_of
from django_capi.tracking.arguments import new_id
from django_capi.tracking.page import RequestEvents

EVENT_NAME: Final = "PageView"
DECISIONS: Final[Mapping[Decision, Any]] = {
    decisions.GRANTED: gettext_lazy("The consent policy says yes."),
    decisions.LIMITED: gettext_lazy("The consent policy says yes, with Limited Data Use."),
    decisions.POLICY_DENIED: gettext_lazy("The consent policy says no."),
    decisions.SIGNAL_DENIED: gettext_lazy("Your browser sends Sec-GPC: 1, which means no."),
    decisions.NEVER: gettext_lazy("The consent policy is django_capi.consent.never."),
    decisions.FAILED: gettext_lazy("The consent policy raised an error. The log names it."),
    decisions.NOT_ASKED: gettext_lazy("The consent policy has no answer: you have neither accepted nor declined."),
    decisions.NO_POLICY: gettext_lazy("CAPI['CONSENT'] is not set or cannot be imported. Name your consent policy."),
}
CLIENTS: Final = {
    ClientKind.BROWSER: gettext_lazy("It is a browser."),
    ClientKind.UNKNOWN: gettext_lazy("It is unknown, and counts as a browser if it accepts HTML."),
    ClientKind.PROGRAM: gettext_lazy("It is a program: it has no page events."),
    ClientKind.CRAWLER: gettext_lazy("It is a crawler: its requests are not tracked."),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Hop:
    """An address on the way of the request to this server, and what it means."""

    address: str = field(repr=False)
    meaning: str
    is_taken: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestFact:
    label: str
    value: str = field(repr=False)
    meaning: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnRequest:
    """The explanation, and the event; no event if `obstacle` says why nothing would be sent."""

    obstacle: str
    hops: list[Hop]
    facts: list[RequestFact]
    examined: Examined | None


def explain(request: HttpRequest) -> OwnRequest:
    """Build the event of a page view of the site's first page, as tracking would. Nothing is stored or sent."""
    page = RequestEvents(request)
    decision = page.decide()
    obstacle = next(obstacles(page, decision), "")
    return OwnRequest(
        obstacle=obstacle,
        hops=hops(request),
        facts=list(facts(page, decision)),
        examined=None if obstacle else examined(request, page.visitor_with(decision.consent)),
    )


def obstacles(page: RequestEvents, decision: Decision) -> Iterator[str]:
    """Yield why nothing would be sent, in the order in which tracking asks."""
    if page.client is ClientKind.CRAWLER:
        yield _("Requests of crawlers are not tracked.")
    if page.is_unwanted:
        yield _("CAPI['EXCLUDE'] names this request.")
    if page.client is ClientKind.PROGRAM:
        yield _("Requests of programs have no page events.")
    if not decision.consent.is_given:
        yield consent_words(decision)
    if not pixels_for(page.request):
        yield _("The request belongs to no pixel.")


def consent_words(decision: Decision) -> str:
    return str(DECISIONS.get(decision, decision.reason))


def examined(request: HttpRequest, person: Visitor) -> Examined:
    person = person.at(url=visitor.reduced(request.build_absolute_uri("/")), referrer=None)
    action = Action(
        event_name=EVENT_NAME,
        event_id=new_id(),
        event_time=int(time.time()),
        custom_data=CustomData(),
        user_data=UserData(),
        action_source=ActionSource.WEBSITE,
        origin=Origin.PAGE,
    )
    event = entry_of(action, person).event
    payload = event.payload()
    return Examined(
        values=list(values_of(given(request, person))),
        left_out=[],
        event=event,
        payload=payload,
        problems=rules.check(payload, now=int(time.time())),
    )


def given(request: HttpRequest, person: Visitor) -> Given:
    """The raw values, which the page masks."""
    machine = {
        "client_ip_address": person.client_ip_address,
        "client_user_agent": person.client_user_agent,
        "fbp": person.fbp,
        "fbc": person.fbc,
    }
    known = {key: value for key, value in machine.items() if value}
    return Given(
        event_name=EVENT_NAME,
        user_data={**raw_contact(request), **known},
        custom_data={},
        is_typed=False,
    )


def hops(request: HttpRequest) -> list[Hop]:
    """Explain each address, and which one is sent as `client_ip_address`."""
    addresses = visitor.hops(request)
    last = len(addresses) - 1
    trusted = last - conf.TRUSTED_PROXIES  # the place of the address that the outermost trusted proxy saw
    taken = taken_of(request, addresses, trusted)
    return [
        Hop(address=address, meaning=meaning(place, taken, trusted, last), is_taken=place == taken)
        for place, address in enumerate(addresses)
    ]


def taken_of(request: HttpRequest, addresses: Sequence[str], trusted: int) -> int | None:
    """Return the place of the address that is sent; None if none is, as behind a Unix socket."""
    sent, connected = visitor.client_ip_address(request), request.META.get("REMOTE_ADDR") or None
    if not conf.TRUSTED_PROXIES or not has_ipware() or trusted < 0:
        return len(addresses) - 1 if connected else None
    # An address that cannot be read is replaced by that of the connection.
    if sent != connected or addresses[trusted] == connected:
        return trusted
    return len(addresses) - 1 if connected else None


def has_ipware() -> bool:
    return visitor.IpWare is not None  # type: ignore[attr-defined]  # from another package, if that is installed


def meaning(place: int, taken: int | None, trusted: int, last: int) -> str:
    if place == last:
        return of_the_connection(taken, trusted, last)
    if not conf.TRUSTED_PROXIES:
        return _("Ignored, because TRUSTED_PROXIES is 0. If a proxy of yours has written it, set TRUSTED_PROXIES.")
    if not has_ipware():
        return _("Ignored, because the extra ip of django-capi is not installed.")
    if trusted < 0:
        return _("Ignored, because the header names fewer addresses than there are trusted proxies.")
    if place < trusted:
        return _("Ignored: it was there before the request reached your proxies, and anyone can write it.")
    if place > trusted:
        return _("One of your own proxies, according to TRUSTED_PROXIES.")
    if place == taken:
        return _("Sent: the outermost of your trusted proxies saw this address.")
    return _("It would be sent, but it is not an IP address.")


def of_the_connection(taken: int | None, trusted: int, last: int) -> str:
    if taken is None:
        return _("The connection to this server has no address, as behind a Unix socket. No address is sent.")
    if taken != last:
        return _("The connection to this server: the innermost of your proxies.")
    if not last:
        return _("Sent: the address that has connected to this server. There is no X-Forwarded-For.")
    if conf.TRUSTED_PROXIES and trusted < 0:
        return _("Sent: the address that has connected to this server. Check whether TRUSTED_PROXIES is too large.")
    return _("Sent: the address that has connected to this server.")


def facts(page: RequestEvents, decision: Decision) -> Iterator[RequestFact]:
    request = page.request
    yield RequestFact(label=_("Consent"), value=str(decision.consent.label), meaning=consent_words(decision))
    yield RequestFact(label=_("Excluded"), value=page.excluded_as if page.is_ignored else _("no"))
    yield RequestFact(
        label="client_user_agent",
        value=agent_of(request) or wording.NOTHING,
        meaning=str(CLIENTS[page.client]),
    )
    yield RequestFact(label="fbp", value=state_of(visitor.fbp(request)), meaning=about_fbp(request))
    yield RequestFact(label="fbc", value=state_of(visitor.fbc(request)), meaning=about_fbc(request))
    yield RequestFact(
        label=_("Test mode"),
        value=test_mode.code_of(request) or wording.NOTHING,
        meaning=_("This browser's events are sent as test events.") if test_mode.code_of(request) else "",
    )
    names = {pixel.pixel_id: name for name, pixel in conf.pixels().items()}
    chosen = ", ".join(names.get(pixel.pixel_id, pixel.pixel_id) for pixel in pixels_for(request))
    yield RequestFact(label=_("Pixels"), value=chosen or wording.NOTHING)


def state_of(value: str | None) -> str:
    return _("sent") if value else _("not sent")


def about_fbp(request: HttpRequest) -> str:
    if visitor.fbp(request):
        return _("Your browser's cookie _fbp, as it is.")
    if "_fbp" in original.cookies(request):
        return _("The cookie _fbp does not have Meta's form.")
    return _("Your browser has no cookie _fbp yet. The site's next page with the pixel sets it, after consent.")


def about_fbc(request: HttpRequest) -> str:
    if visitor.new_fbc(request):
        return _("Made of the fbclid in the address.")
    if visitor.fbc(request):
        return _("Your browser's cookie _fbc, as it is.")
    if "_fbc" in original.cookies(request):
        return _("The cookie _fbc does not have Meta's form.")
    return _("You have not come to the site through an ad on Facebook or Instagram.")
