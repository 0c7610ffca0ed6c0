"""Orders whose Purchase was not sent, each with its reason, as the live code decides it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from django_capi.consent import Consent
from django_capi.conversions.settle import settle
from django_capi.ledger import marks, snapshots, withdrawal
from django_capi.models import NotSent
from django_capi.requests.visitor import Visitor
from example_project.demo.week import orders
from example_project.demo.week.orders import Times, occurrence_of
from example_project.demo.week.visits import Week
from example_project.shop.models import Order

CRAWLER: Final = "HeadlessChrome"  # of the monitoring that places an order each night
# The reason, and how many hours ago its orders were paid.
UNSENT: Final = (
    (NotSent.DENIED, (5, 31, 52, 100)),
    (NotSent.UNKNOWN, (28, 95)),  # taken by phone and typed in by staff
    (NotSent.EXCLUDED, (22, 70)),
    (NotSent.WITHDRAWN, (48,)),
    (NotSent.NO_PIXEL, (60,)),
    (NotSent.BEFORE, (24 * 9, 24 * 11, 24 * 12)),
    (NotSent.TOO_OLD, (24 * 7 + 1,)),  # a bank transfer that was found late
)
FOUND_LATER: Final = timedelta(days=5)  # after the payment, for what is older than the week


def unsent(week: Week) -> None:
    """Add the orders of every reason."""
    for reason, hours in UNSENT:
        for each in hours:
            paid_at = week.now - timedelta(hours=each)
            order = orders.place(None, week.chance.choice(week.products), 1, paid_at, week.chance, paid_at=paid_at)
            refuse(week, order, reason, paid_at)
            is_old = each > 24 * 7
            happened = paid_at + FOUND_LATER if is_old else paid_at
            week.marks[occurrence_of(order).object_ref] = Times(seen=paid_at, happened=happened)


def refuse(week: Week, order: Order, reason: NotSent, paid_at: datetime) -> None:
    """Leave behind what the reason needs, and settle the order as a save would."""
    moment = occurrence_of(order)
    if reason is not NotSent.BEFORE:
        marks.open_mark(moment.object_ref, moment.event_name)
    if reason is NotSent.NO_PIXEL:  # the shop has one pixel for all orders, so nothing else would decide it
        marks.skip(moment.object_ref, moment.event_name, reason, reference=order.short_reference)
        return
    prepare(week, moment.object_ref, reason, paid_at)
    settle(moment)


def prepare(week: Week, object_ref: str, reason: NotSent, paid_at: datetime) -> None:
    """Store the visitor of the order, with the answer that leads to the reason."""
    visitor = week.visitor_at(paid_at).visitor
    match reason:
        case NotSent.DENIED:
            snapshots.save(object_ref, Visitor(consent=Consent.DENIED, decided_at=paid_at))
        case NotSent.EXCLUDED:
            snapshots.save(object_ref, Visitor(consent=Consent.UNKNOWN), excluded_as=CRAWLER)
        case NotSent.WITHDRAWN:
            snapshots.save(object_ref, replace(visitor, consent=Consent.GRANTED))
            withdrawal.withdraw(fbps=[str(visitor.fbp)])
        case NotSent.TOO_OLD:
            snapshots.save(object_ref, replace(visitor, consent=Consent.GRANTED))
        case _:
            return
