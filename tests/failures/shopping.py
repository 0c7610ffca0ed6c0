"""A shop's orders, paid in every way that shops have, by processes that may die at any point."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from django_capi.models import ConversionMark, ConversionSource, ConversionState, Event
from django_capi.worker import run
from tests.site.models import Order, PaidOrder

EMAIL = "jane@example.com"


def by_save(order: Order) -> None:
    order.status = Order.PAID
    order.save()


def by_some_fields(order: Order) -> None:
    order.status = Order.PAID
    order.save(update_fields=["status"])


def in_transaction(order: Order) -> None:
    with transaction.atomic():
        by_save(order)


def by_update(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(status=Order.PAID)


def by_update_and_save(order: Order) -> None:
    by_update(order)
    again = Order.objects.get(pk=order.pk)
    again.save()


def by_proxy(order: Order) -> None:
    by_save(PaidOrder.objects.get(pk=order.pk))


def by_bulk(order: Order) -> None:
    order.status = Order.PAID
    Order.objects.bulk_update([order], ["status"])


WAYS: tuple[Callable[[Order], None], ...] = (
    by_save,
    by_some_fields,
    in_transaction,
    by_update,
    by_update_and_save,
    by_proxy,
    by_bulk,
)


def sell(*, seed: int, **_: object) -> None:
    """Make orders and pay most of them, until killed."""
    chance = random.Random(seed)
    for number in count():
        if number % 5 == 4:
            Order.objects.bulk_create([Order(email=EMAIL, status=Order.PAID), Order(email=EMAIL)])
            continue
        if chance.random() < 0.5:
            with transaction.atomic():
                order = Order.objects.create(email=EMAIL)
        else:
            order = Order.objects.create(email=EMAIL)
        if chance.random() < 0.8:
            chance.choice(WAYS)(order)


def hasten(**_: object) -> int:
    """As if all waits were over, and one pass; how many paid orders have no event yet."""
    hour = timedelta(hours=1)
    ConversionMark.objects.filter(state=ConversionState.OPEN).update(check_at=F("check_at") - hour)
    end_interval()
    run()
    stored = set(Event.objects.values_list("object_ref", flat=True))
    return len(references(Order.objects.filter(status=Order.PAID)) - stored)


def end_interval(**_: object) -> None:
    """As if the wait between two sweeps were over."""
    ConversionSource.objects.update(swept_at=None)


def references(orders: QuerySet[Order]) -> set[str]:
    return {f"site.order:{pk}" for pk in orders.values_list("pk", flat=True)}


def paid(**_: object) -> dict[str, Any]:
    """What the shop sold, and what the ledger says of it."""
    marks = ConversionMark.objects.exclude(state=ConversionState.OPEN)
    return {
        "paid": sorted(references(Order.objects.filter(status=Order.PAID))),
        "rows": list(Event.objects.values("object_ref", "pixel_id", "event_name", "event_id", "status")),
        "marks": list(marks.values_list("object_ref", "state")),
    }


ROLES: dict[str, Callable[..., object]] = {"sell": sell, "hasten": hasten, "end_interval": end_interval, "paid": paid}
