"""Fill the ledger with a plausible week of visitors, by the code that handles live events.

The week has what a real one has, good and bad: see `week.incidents`, `week.unsent` and
`week.untracked`. It is the same week every time.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from django_capi.conversions import objects, sources
from django_capi.database.alias import using
from django_capi.ledger.insert import insert
from django_capi.models import ConversionSource
from example_project.demo.week import delivery, orders, reported
from example_project.demo.week.incidents import after_the_insert, incidents
from example_project.demo.week.people import customers
from example_project.demo.week.unsent import unsent
from example_project.demo.week.untracked import untracked
from example_project.demo.week.visits import DAYS, Week, ordinary
from example_project.shop.models import Order, Product

SEED: Final = 2026


@transaction.atomic
def make_week(now: datetime) -> int:
    """Fill the ledger for the seven days before `now`; the number of events."""
    begin(now - timedelta(days=DAYS, hours=2))
    products = list(Product.objects.order_by("sku"))
    week = Week(now=now, chance=random.Random(SEED), products=products, accounts=customers())
    ordinary(week)
    incidents(week)
    unsent(week)
    week.marks.update(orders.waiting_for_the_bank(now, products[0], week.chance))
    delivery.deliver(week.planned, now, week.chance)
    rows = sorted((each.row for each in week.planned), key=lambda row: row.created_at)  # keys rise, as in a live ledger
    insert(rows, alias=using())
    delivery.name_events()
    orders.date_marks(week.marks)
    after_the_insert(week)
    reported.report(rows, now)
    untracked(week)
    return len(rows)


def begin(met_at: datetime) -> None:
    """Record that the app has known the shop's orders since then, so that earlier ones are not its own."""
    purchase = orders.conversion()
    source, _ = sources.source(purchase, objects.database_of(Order()))
    ConversionSource.objects.using(using()).filter(pk=source.pk).update(met_at=met_at, since=met_at)
