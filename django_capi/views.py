"""What a page reports comes in; receipts and mirrored events go to the ledger. Everything posted here is hostile.

The answers are never cached. A refusal names the rule, never the content, and nothing of the content is logged.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from django_capi import handover, pixel, tracking
from django_capi.conf import conf
from django_capi.ledger import receipts
from django_capi.models import BrowserState, Origin
from django_capi.scope import pixels_for
from django_capi.session import pop_copies
from django_capi.visitor import is_own, reduced
from django_capi.withdrawal import withdraw_consent

LARGEST_BODY = 64 * 1024  # bytes
MOST_EVENTS = 20  # in one request
OLDEST = 3600  # seconds between an event and its report
NAME = re.compile(r"[A-Za-z0-9_ .-]{1,50}")
ID = re.compile(r"[A-Za-z0-9_.:-]{8,64}")
STATES = {"fired": BrowserState.FIRED, "blocked": BrowserState.BLOCKED}


class Refused(ValueError):
    """The request is not of the documented form; the text says which rule it breaks."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One event that a page says it handed to `fbq`."""

    event_name: str
    event_id: str
    state: BrowserState
    pixel_ids: tuple[str, ...]
    is_mirrored: bool  # the browser minted the id: the server has no copy yet
    custom_data: Mapping[str, object] = field(repr=False)
    age: int  # seconds


@csrf_exempt  # a page from a cache has no token: the origin is checked instead
@require_POST
@never_cache
def collect(request: HttpRequest) -> HttpResponse:
    """Take receipts, and mirror the events whose id the browser minted. 204, or 4xx with a reason in JSON."""
    try:
        check_origin(request)
        body = body_of(request)
        known = {target.pixel_id for target in pixels_for(request)}
        reports = [report_from(item, known) for item in items_of(body)]
    except Refused as refusal:
        return JsonResponse({"error": refusal.reason}, status=refusal.status)
    page = tracking.events_of(request)
    if page.visitor.consent.is_given and not page.is_excluded:
        with tracking.Quietly("The browser's report"):
            page.visitor = page.visitor.at(
                url=own_url(request, body.get("url")), referrer=reduced(text(body.get("referrer")))
            )
            note(page, [report for report in reports if not report.is_mirrored])
            mirror(page, [report for report in reports if report.is_mirrored])
    return HttpResponse(status=204)


@require_GET
@never_cache
def visitor(request: HttpRequest) -> HttpResponse:
    """What a page from a cache must not say: this visitor's consent, hashed contact data, waiting copies."""
    page = tracking.events_of(request)
    targets = pixels_for(request)
    is_given = page.visitor.consent.is_given
    response = JsonResponse(
        {
            **pixel.visitor_part(page, [target.pixel_id for target in targets]),
            "events": pop_copies(request) if is_given else [],
        }
    )
    handover.set_cookies(page, response, is_page=True)
    return response


@csrf_exempt
@require_POST
@never_cache
def withdraw(request: HttpRequest) -> HttpResponse:
    """The visitor withdraws consent: nothing of before is sent any more, and the cookies go. 503 while that fails.

    The page may send the `_fbp` that it had read: a banner may have deleted the cookie by now.
    """
    try:
        check_origin(request)
    except Refused as refusal:
        return JsonResponse({"error": refusal.reason}, status=refusal.status)
    with tracking.Quietly("The withdrawal"):
        withdraw_consent(request, fbp=posted_fbp(request))
        response = HttpResponse(status=204)
        handover.delete_cookies(request, response)
        return response
    return HttpResponse(status=503)  # the cookies stay: they say whose events still wait


def posted_fbp(request: HttpRequest) -> str | None:
    """None as well when the body is anything else: whatever a page sends, its visitor withdraws."""
    try:
        return text(body_of(request).get("fbp"))
    except Refused:
        return None


def check_origin(request: HttpRequest) -> None:
    """Only this site's own pages may report."""
    site = request.META.get("HTTP_SEC_FETCH_SITE")
    origin = request.META.get("HTTP_ORIGIN")
    if site not in (None, "same-origin") or (origin and not is_own(request, origin)):
        raise Refused("cross-origin", status=403)


def body_of(request: HttpRequest) -> dict[str, Any]:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not str(length).isdigit() or int(length) > LARGEST_BODY:
        raise Refused("too-large", status=413)
    try:
        body = json.loads(request.read(LARGEST_BODY))
    except (ValueError, RecursionError):
        raise Refused("not-json") from None
    if not isinstance(body, dict):
        raise Refused("not-an-object")
    return body


def items_of(body: Mapping[str, Any]) -> list[Any]:
    items = body.get("events")
    if not isinstance(items, list) or not items:
        raise Refused("events-missing")
    if len(items) > MOST_EVENTS:
        raise Refused("too-many-events", status=413)
    return items


def report_from(item: object, known: set[str]) -> Report:
    """One item, checked field by field."""
    if not isinstance(item, dict):
        raise Refused("event-not-an-object")
    spec = pixel.read_spec(item.get("spec")) if item.get("spec") else None
    if item.get("spec") and spec is None:
        raise Refused("spec-unknown")
    is_mirrored = item.get("mirror") is True
    name = matching(NAME, item.get("event_name"), "event_name")
    if spec and spec.get("event_name") != name:
        raise Refused("spec-of-another-event")
    if is_mirrored and spec is None and name not in conf.BROWSER_EVENTS:
        raise Refused("event_name-not-in-BROWSER_EVENTS")
    state = STATES.get(str(item.get("state")))
    if state is None:
        raise Refused("state")
    return Report(
        event_name=name,
        event_id=matching(ID, item.get("event_id"), "event_id"),
        state=state,
        pixel_ids=pixel_ids_of(item.get("pixels"), known),
        is_mirrored=is_mirrored,
        custom_data=mapping(spec.get("custom_data") if spec else item.get("custom_data")),
        age=age_of(item.get("age")),
    )


def matching(pattern: re.Pattern[str], value: object, field: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Refused(field)
    return value


def pixel_ids_of(value: object, known: set[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item in known for item in value):
        raise Refused("pixels")
    return tuple(dict.fromkeys(value))


def mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def age_of(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= OLDEST:
        return 0
    return int(value)


def text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def own_url(request: HttpRequest, url: object) -> str | None:
    """The page's address, if it is one of ours; else the Referer's, which the browser wrote."""
    for candidate in (text(url), request.META.get("HTTP_REFERER")):
        if candidate and is_own(request, candidate):
            return reduced(candidate)
    return None


def note(page: tracking.RequestEvents, reports: list[Report]) -> None:
    if reports:
        found = [
            receipts.Receipt(
                event_name=report.event_name, event_id=report.event_id, pixel_ids=report.pixel_ids, state=report.state
            )
            for report in reports
        ]
        external_id = (page.visitor.contact or {}).get("external_id")
        receipts.record(found, fbp=page.visitor.fbp, external_id=external_id)


def mirror(page: tracking.RequestEvents, reports: list[Report]) -> None:
    """Make the server copies of events that only the browser saw."""
    now = int(time.time())
    for report in reports:
        action = tracking.Action(
            event_name=report.event_name,
            event_id=report.event_id,
            event_time=now - report.age,
            custom_data=tracking.custom_data_from(report.custom_data),
            origin=Origin.BROWSER,
        )
        visitor = page.visitor.before(report.age)
        made = tracking.entry(action, visitor, browser_state=report.state)
        targets = [target for target in pixels_for(page.request) if target.pixel_id in report.pixel_ids]
        tracking.write([made], targets)
