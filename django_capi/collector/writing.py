"""Write the reports of a request to the ledger."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from django_capi.collector.money import currency_of, value_of
from django_capi.collector.reports import Refusals, Report
from django_capi.collector.requests import own_url
from django_capi.ledger import receipts, store
from django_capi.meta.events import InvalidEvent
from django_capi.models import Origin
from django_capi.requests.routing import pixels_for
from django_capi.requests.visitor import Visitor, reduced
from django_capi.tracking.actions import Action, entry_of, write
from django_capi.tracking.arguments import custom_data_from
from django_capi.tracking.page import RequestEvents

__all__ = ["write_reports"]


def write_reports(page: RequestEvents, reports: Sequence[Report]) -> Refusals:
    """Mirror first: that may be repeated, and so may the whole request when a receipt cannot be written after it."""
    refusals = mirror(page, [report for report in reports if report.is_mirrored])
    record_receipts(page, [report for report in reports if not report.is_mirrored])
    return refusals


def mirror(page: RequestEvents, reports: Sequence[Report]) -> Refusals:
    """Make the server copies of events that only the browser saw; one INSERT for each choice of pixels."""
    refusals: Refusals = {}
    by_pixels: dict[tuple[str, ...], list[store.EventEntry]] = {}
    for report in reports:
        try:
            by_pixels.setdefault(report.pixel_ids, []).append(mirrored(page, report))
        except InvalidEvent as error:
            refusals[report.index] = error.field
        except RecursionError:  # custom data nested without end
            refusals[report.index] = "custom_data"
    for pixel_ids, entries in by_pixels.items():
        write(entries, [target for target in pixels_for(page.request) if target.pixel_id in pixel_ids])
    return refusals


def mirrored(page: RequestEvents, report: Report) -> store.EventEntry:
    action = Action(
        event_name=report.event_name,
        event_id=report.event_id,
        event_time=int(time.time()) - report.age,
        custom_data=custom_data_from(report.custom_data),
        origin=Origin.BROWSER,
    )
    return entry_of(action, visitor_of(page, report), browser_state=report.state)


def visitor_of(page: RequestEvents, report: Report) -> Visitor:
    """The visitor at that time, on the route of a single-page application on which it happened."""
    visitor = page.visitor.before(report.age)
    if report.url is None:
        return visitor
    return visitor.at(url=own_url(page.request, report.url), referrer=reduced(report.referrer))


def record_receipts(page: RequestEvents, reports: Iterable[Report]) -> None:
    found = [
        receipts.Receipt(
            event_name=report.event_name,
            event_id=report.event_id,
            pixel_ids=report.pixel_ids,
            state=report.state,
            value=value_of(report.custom_data.get("value")),
            currency=currency_of(report.custom_data.get("currency")),
        )
        for report in reports
    ]
    if found:
        external_id = (page.visitor.contact or {}).get("external_id")
        receipts.record(found, fbp=page.visitor.fbp, external_id=external_id)
