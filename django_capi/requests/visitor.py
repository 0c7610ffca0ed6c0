"""Describe who made a request, in Meta's terms.

What a browser sends is not trusted: its type, control characters and length are checked, and what fails is left out.
https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedHost, SynchronousOnlyOperation
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.utils import timezone

from django_capi.conf import conf
from django_capi.consent import Consent
from django_capi.consent.decisions import decide
from django_capi.meta import cookies, urls
from django_capi.meta.events import UserData
from django_capi.requests import original, test_mode
from django_capi.requests.agents import agent_of
from django_capi.requests.contact import contact_of

try:
    from python_ipware import IpWare
except ImportError:  # the `ip` extra is not installed
    IpWare = None  # type: ignore[assignment,misc]

logger = logging.getLogger("django_capi")

DEFAULT_PORTS: Final = ("", "80", "443")


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Who made a request. `contact` is hashed; Meta receives the rest as it is."""

    consent: Consent
    client_ip_address: str | None = None
    client_user_agent: str | None = None
    event_source_url: str | None = None
    referrer_url: str | None = None
    fbp: str | None = None
    fbc: str | None = None
    contact: Mapping[str, Any] | None = None  # None: not read yet
    left_out: tuple[str, ...] = ()  # "key:reason" of contact data that could not be used
    test_event_code: str | None = None  # set for staff who try the site
    decided_at: datetime = field(default_factory=timezone.now, compare=False)  # when the consent was decided

    def __repr__(self) -> str:
        return f"<Visitor: {self.consent.name.lower()}>"

    def user_data(self) -> UserData:
        raw = {
            "client_ip_address": self.client_ip_address,
            "client_user_agent": self.client_user_agent,
            "fbp": self.fbp,
            "fbc": self.fbc,
        }
        return UserData.from_raw({**(self.contact or {}), **{key: value for key, value in raw.items() if value}})

    def with_fbp(self, fbp: str) -> Visitor:
        return replace(self, fbp=fbp)

    def at(self, *, url: str | None, referrer: str | None) -> Visitor:
        """Return the same person on another page."""
        return replace(self, event_source_url=url, referrer_url=referrer)

    def before(self, seconds: int) -> Visitor:
        """Return the same person that number of seconds ago, as later consent does not cover what happened then."""
        return replace(self, decided_at=self.decided_at - timedelta(seconds=seconds))

    def without_machine(self) -> Visitor:
        """Return the visitor without IP address and user agent, for a request from another server."""
        return replace(self, client_ip_address=None, client_user_agent=None)

    def with_contact(self, request: HttpRequest) -> Visitor:
        """Return the same person with contact data, which could not be read in an event loop."""
        hashed, left_out = contact_of(request)
        return replace(self, contact=hashed, left_out=left_out)

    def stored(self) -> dict[str, Any]:
        """Return JSON values for a snapshot, whose row has the time; `restored` reads them."""
        return {key: value for key, value in asdict(self).items() if value is not None and key != "decided_at"}


def restored(values: Mapping[str, Any], *, decided_at: datetime | None = None) -> Visitor:
    """Return the visitor of a snapshot. Keys that a later release has added are ignored."""
    known = {key: value for key, value in values.items() if key in Visitor.__slots__}
    own = {"consent": Consent(known["consent"]), "left_out": tuple(known.get("left_out", ()))}
    return Visitor(**{**known, **own, "decided_at": decided_at or timezone.now()})


def from_request(
    request: HttpRequest, *, consent: Consent | None = None, decided_at: datetime | None = None
) -> Visitor:
    """Return who made this request. Never raises; what is unavailable is left out.

    `consent` is the decision if the caller has one, and `decided_at` its time. In an event loop, the signed-in user may
    not be loaded yet; `contact` is None then.
    """
    decided_at = decided_at or timezone.now()  # before the policy is called, which may take a while
    consent = decide(request) if consent is None else consent
    hashed: Mapping[str, Any] | None = {}
    left_out: tuple[str, ...] = ()
    if consent.is_given:
        try:
            hashed, left_out = contact_of(request)
        except SynchronousOnlyOperation:
            hashed = None
    page, referrer = where(request)
    return Visitor(
        consent=consent,
        client_ip_address=client_ip_address(request),
        client_user_agent=agent_of(request),
        event_source_url=reduced(page),
        referrer_url=reduced(referrer),
        fbp=fbp(request),
        fbc=fbc(request),
        contact=hashed,
        left_out=left_out,
        test_event_code=test_mode.code_of(request),
        decided_at=decided_at,
    )


def client_ip_address(request: HttpRequest) -> str | None:
    """Return the address that the outermost trusted proxy saw; what untrusted hops wrote is ignored."""
    remote = request.META.get("REMOTE_ADDR") or None  # empty behind a Unix socket
    proxies = conf.TRUSTED_PROXIES
    if not proxies or IpWare is None:
        return remote
    trusted = hops(request)[-(proxies + 1) :]
    if len(trusted) <= proxies:
        return remote
    # Only the trusted hops are passed on: the visitor may have written the others.
    address, _ = IpWare(proxy_count=proxies).get_client_ip({"HTTP_X_FORWARDED_FOR": ",".join(trusted)})
    return str(address) if address else remote


def hops(request: HttpRequest) -> list[str]:
    """Return the addresses that X-Forwarded-For names, and last the one that has connected to this server."""
    forwarded = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    return [*forwarded, request.META.get("REMOTE_ADDR") or "127.0.0.1"]


def where(request: HttpRequest) -> tuple[str | None, str | None]:
    """Return the URLs of the visitor's page and its referrer. A posted or fetched request is made by the page."""
    referrer = request.META.get("HTTP_REFERER")
    asking = request.META.get("HTTP_HX_CURRENT_URL") or referrer
    is_fetched = request.method not in ("GET", "HEAD") or "HTTP_HX_REQUEST" in request.META
    if is_fetched and asking and is_own(request, asking):
        return asking, None
    try:
        return request.build_absolute_uri(), referrer
    except (DisallowedHost, ValueError):
        return None, referrer


def is_own(request: HttpRequest, address: str) -> bool:
    """Whether the URL is on the host of the request."""
    try:
        return without_default_port(urlsplit(address).netloc) == without_default_port(request.get_host())
    except (DisallowedHost, ValueError):
        return False


def without_default_port(host: str) -> str:
    """Remove ports 80 and 443: browsers omit them, and a proxy may add either of them to either scheme."""
    domain, port = split_domain_port(host)
    return domain if port in DEFAULT_PORTS else f"{domain}:{port}"


def reduced(url: str | None) -> str | None:
    return urls.reduce_url(url, allowed=conf.URL_PARAMETERS, origin_only=conf.RESTRICT_DATA)


def fbp(request: HttpRequest) -> str | None:
    value = original.cookies(request).get("_fbp", "")
    return value if cookies.parse(value) else None


def fbc(request: HttpRequest) -> str | None:
    """Return the value of the `_fbc` cookie as it is, or a new one if the URL has another click id."""
    current = original.cookies(request).get("_fbc", "")
    return new_fbc(request) or (current if cookies.parse(current) else None)


def new_fbc(request: HttpRequest) -> str | None:
    """Return the `_fbc` to set, or None if the cookie can stay as it is."""
    query = original.query(request)
    if "fbclid=" not in query:
        return None
    clicked = cookies.fbclid_from_query(query)
    return cookies.refresh_fbc(
        original.cookies(request).get("_fbc"),
        clicked,
        now_ms=time.time_ns() // 1_000_000,
        index=cookie_index(request),
    )


def new_fbp(request: HttpRequest) -> str:
    return cookies.make_fbp(
        now_ms=time.time_ns() // 1_000_000,
        random_number=secrets.randbelow(2**31),
        index=cookie_index(request),
    )


def cookie_index(request: HttpRequest) -> int:
    domain = conf.COOKIE_DOMAIN or split_domain_port(request.META.get("HTTP_HOST", ""))[0]
    return cookies.subdomain_index(domain)


def session_key(request: HttpRequest) -> str | None:
    """Return the key of the session of the request, if it has one; none is created."""
    session = getattr(request, "session", None)
    key = session.session_key if session is not None else None
    return key if isinstance(key, str) else None
