"""Place the shop's orders, and record what became of the Purchase of each."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django_capi.conf import conf
from django_capi.conversions import objects
from django_capi.conversions.base import Conversion, find_conversion
from django_capi.conversions.data import data_of, reference_of
from django_capi.conversions.settle import Occurrence, action
from django_capi.database.alias import using
from django_capi.ledger import marks
from django_capi.models import ConversionMark
from example_project.demo.week.people import SHOP, Person
from example_project.demo.week.planned import Planned, stored
from example_project.shop.factories import DRAMA_PHONES
from example_project.shop.models import Order, OrderLine, Product

FIRST_NAMES: Final = ("Anna", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Ida", "Jonas", "Lea", "Max")
LAST_NAMES: Final = ("Albers", "Brandt", "Conrad", "Dietz", "Ebert", "Funke", "Gross", "Hahn", "Jansen", "Kurz")
TOWNS: Final = (
    ("Berlin", "10115", Order.Country.GERMANY),
    ("Hamburg", "20095", Order.Country.GERMANY),
    ("Leipzig", "04109", Order.Country.GERMANY),
    ("Wien", "1010", Order.Country.AUSTRIA),
    ("Zürich", "8001", Order.Country.SWITZERLAND),
    ("London", "SW1A 1AA", Order.Country.UNITED_KINGDOM),
)
WEIGHTS: Final = (30, 22, 14, 12, 16, 6)
FRANCS: Final = "CHF"  # Swiss customers pay in francs, all others in euros
WITHOUT_PHONE: Final = 0.2
BAD_PHONE: Final = 0.04


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """When things happened to a mark, which the code that writes it takes to be now."""

    seen: datetime
    happened: datetime | None
    shown: datetime | None = None


def place(
    buyer: Person | None,
    product: Product,
    quantity: int,
    at: datetime,
    chance: random.Random,
    *,
    paid_at: datetime | None = None,
) -> Order:
    """Store an order as the shop does, without the signals of a save: their time would be now."""
    town, postcode, country = chance.choices(TOWNS, WEIGHTS)[0]
    number = chance.randrange(1000)
    customer = buyer.customer if buyer else None
    order = Order(
        reference=UUID(int=chance.getrandbits(128), version=4),
        status=Order.Status.PAID if paid_at else Order.Status.PENDING,
        customer=customer,
        email=customer.email if customer else f"guest{number}@example.com",
        phone=phone(number, chance),
        first_name=chance.choice(FIRST_NAMES),
        last_name=chance.choice(LAST_NAMES),
        street=f"Example Street {chance.randrange(1, 90)}",
        city=town,
        postcode=postcode,
        country=country,
        currency=FRANCS if country == Order.Country.SWITZERLAND else "EUR",
        total=product.price * quantity,
        created=at,
        paid_at=paid_at,
    )
    Order.objects.bulk_create([order])
    OrderLine.objects.bulk_create(
        [OrderLine(order=order, product=product, quantity=quantity, unit_price=product.price)]
    )
    return order


def phone(number: int, chance: random.Random) -> str:
    luck = chance.random()
    if luck < WITHOUT_PHONE:
        return ""
    return "none" if luck < WITHOUT_PHONE + BAD_PHONE else DRAMA_PHONES.format(number)


def conversion() -> Conversion[Order]:
    found = find_conversion(Order, "Purchase")
    if found is None:
        raise LookupError("The shop registers no Purchase.")
    return found


def occurrence_of(order: Order) -> Occurrence:
    purchase = conversion()
    database = objects.database_of(order)
    return Occurrence(
        conversion=purchase, obj=order, object_ref=objects.reference(order, purchase, database), database=database
    )


def purchase(order: Order, buyer: Person, at: datetime) -> Planned:
    """The order's event, stored as when the bank's webhook has arrived, and its mark."""
    moment = occurrence_of(order)
    event_id = objects.event_id_of(moment.object_ref, moment.event_name)
    marks.open_mark(moment.object_ref, moment.event_name)
    marks.claim(
        moment.object_ref,
        moment.event_name,
        event_id=event_id,
        pixel_ids=[pixel.pixel_id for pixel in conf.pixels().values()],
        is_complete=True,
        reference=reference_of(moment.conversion, order),
    )
    visitor = buyer.visitor.at(url=f"{SHOP}/checkout/", referrer=None)
    made = action(moment, event_id, data_of(moment.conversion, order), visitor)
    return stored(replace(made, event_time=int(at.timestamp())), visitor, at)


def date_marks(times: dict[str, Times]) -> None:
    """Give the marks the times of their orders."""
    rows = list(ConversionMark.objects.using(using()).filter(object_ref__in=list(times)))
    for row in rows:
        known = times[row.object_ref]
        row.created_at, row.happened_at, row.shown_at = known.seen, known.happened, known.shown
    fields = ["created_at", "happened_at", "shown_at"]
    ConversionMark.objects.using(using()).bulk_update(rows, fields, batch_size=100)


def waiting_for_the_bank(now: datetime, product: Product, chance: random.Random) -> dict[str, Times]:
    """Orders that were never paid, whose Purchase is still owed."""
    times = {}
    for hours in (3, 30, 75):
        at = now - timedelta(hours=hours)
        moment = occurrence_of(place(None, product, 1, at, chance))
        marks.open_mark(moment.object_ref, moment.event_name)
        times[moment.object_ref] = Times(seen=at, happened=None)
    return times
