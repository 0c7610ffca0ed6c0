"""The three addresses that the page's script calls: it reports events, asks about its visitor, and withdraws consent.

The answers are never cached.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from django_capi.browser import blocks, responses
from django_capi.browser.session import pop_copies
from django_capi.collector import foreign_pixels
from django_capi.collector.rates import check_rates
from django_capi.collector.reports import ItemContext, Refusals, Report, read_items
from django_capi.collector.requests import RequestRefused, body_of, check_origin, items_of, own_url, text
from django_capi.collector.writing import write_reports
from django_capi.conf import conf
from django_capi.database.savepoints import savepoint_on_query
from django_capi.requests.routing import pixels_for
from django_capi.requests.visitor import client_ip_address, fbp, reduced
from django_capi.tracking.errors import LogErrors
from django_capi.tracking.page import RequestEvents, events_of
from django_capi.withdrawal import withdraw_consent

__all__ = ["collect", "visitor", "withdraw"]

logger = logging.getLogger("django_capi")

View = Callable[[HttpRequest], HttpResponse]


def outside_transactions(view: View) -> View:
    """Exempt the view from ATOMIC_REQUESTS: what it has answered must not be rolled back afterwards."""
    for alias in connections.settings:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view


@login_not_required
@csrf_exempt  # a page from a cache has no token: the origin is checked instead
@require_POST
@never_cache
@outside_transactions
def collect(request: HttpRequest) -> HttpResponse:
    """Take receipts, and mirror the events whose id the browser made.

    204: all of them were taken. 200: some were refused, see `refused`. 4xx: the whole request was refused, with the
    reason; after a 429, and after a 503 because the ledger could not be written, it may be posted again as it is.
    """
    try:
        check_origin(request)
        body = body_of(request)
        items = items_of(body)
        check_rates(fbp=fbp(request), address=client_ip_address(request), events=len(items))
    except RequestRefused as refusal:
        return refusal.response()
    reports, refusals = read_items(items, item_context(request))
    page = events_of(request)
    if reports and page.visitor.consent.is_given and not page.is_excluded:
        url, referrer = own_url(request, body.get("url")), reduced(text(body.get("referrer")))
        page.visitor = page.visitor.at(url=url, referrer=referrer)
        found = written(page, reports)
        if found is None:
            return HttpResponse(status=503)
        refusals |= found
        record_foreign_pixels(page, body)
    return answer(refusals)


def item_context(request: HttpRequest) -> ItemContext:
    return ItemContext(
        page_pixels={target.pixel_id for target in pixels_for(request)},
        all_pixels={target.pixel_id for target in conf.pixels().values()},
        fbp=fbp(request),
    )


def written(page: RequestEvents, reports: list[Report]) -> Refusals | None:
    """What was refused on the way; None when the ledger could not be written."""
    with LogErrors("The browser's report"):
        return write_reports(page, reports)
    return None


def record_foreign_pixels(page: RequestEvents, body: Mapping[str, Any]) -> None:
    """The report counts whether or not this succeeds."""
    others = foreign_pixels.reported(body)
    targets = pixels_for(page.request) if others else []
    with LogErrors("Another pixel on the page"), savepoint_on_query():
        for target in targets[:1]:  # a page has the same other pixels whichever of ours it has
            foreign_pixels.record(others, pixel_id=target.pixel_id, url=page.visitor.event_source_url)


def answer(refusals: Refusals) -> HttpResponse:
    if not refusals:
        return HttpResponse(status=204)
    refused = [{"index": index, "reason": reason} for index, reason in sorted(refusals.items())]
    logger.info("The collector refused %d events: %s.", len(refused), ", ".join(sorted(set(refusals.values()))))
    return JsonResponse({"refused": refused})


@login_not_required
@csrf_exempt
@require_http_methods(["GET", "POST"])  # GET is for scripts of an earlier version, which browsers keep
@never_cache
def visitor(request: HttpRequest) -> HttpResponse:
    """What a page from a cache must not say: this visitor's consent, hashed contact data, waiting copies.

    The script asks with POST, which reaches the site also through a cache that ignores `Cache-Control`. Pages of other
    sites are refused, as the answer uses up the copies that wait.
    """
    try:
        check_origin(request)
    except RequestRefused as refusal:
        return refusal.response()
    page = events_of(request)
    targets = pixels_for(request)
    is_given = page.visitor.consent.is_given
    response = JsonResponse(
        {
            **blocks.visitor_part(page, [target.pixel_id for target in targets]),
            "events": [blocks.with_lifetime(item) for item in pop_copies(request)] if is_given else [],
        }
    )
    responses.set_cookies(page, response, is_page=True)
    return response


@login_not_required
@csrf_exempt
@require_POST
@never_cache
@outside_transactions
def withdraw(request: HttpRequest) -> HttpResponse:
    """The visitor withdraws consent: nothing of before is sent any more, and the cookies go. 503 while that fails.

    The page may send the `_fbp` that it had read: a banner may have deleted the cookie by now.
    """
    try:
        check_origin(request)
    except RequestRefused as refusal:
        return refusal.response()
    with LogErrors("The withdrawal"):
        withdraw_consent(request, fbp=posted_fbp(request))
        response = HttpResponse(status=204)
        responses.delete_cookies(request, response)
        return response
    return HttpResponse(status=503)  # the cookies stay: they say whose events still wait


def posted_fbp(request: HttpRequest) -> str | None:
    """None as well when the body is anything else: whatever a page sends, its visitor withdraws."""
    try:
        return text(body_of(request).get("fbp"))
    except RequestRefused:
        return None
