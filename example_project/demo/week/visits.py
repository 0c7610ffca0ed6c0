"""The ordinary traffic of the week: visitors who read, fill a cart and buy."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User

from django_capi.ledger.store import digest
from django_capi.models import BrowserState, Origin
from example_project.demo.week import orders
from example_project.demo.week.orders import Times
from example_project.demo.week.people import Person, person
from example_project.demo.week.planned import Ending, Planned, planned, random_id, report
from example_project.shop.models import Product

DAYS: Final = 7
VISITORS_A_DAY: Final = 40
NEWEST: Final = 7200  # seconds before now in which there is no visit
# How far a visitor comes: each step, and the chance to take it after the one before.
JOURNEY: Final = (
    ("PageView", 1.0),
    ("ViewContent", 0.82),
    ("AddToCart", 0.44),
    ("InitiateCheckout", 0.62),
    ("Purchase", 0.7),
)
SEARCHES: Final = 0.12
READS_ABOUT: Final = 0.06  # the page that a cache may store, so that the browser makes the id
REGISTERS: Final = 0.03
ASKS: Final = 0.15  # visitors who write to the shop
TOO_LITTLE: Final = 0.12  # of what the contact form sends: it knows too little of the person
TOO_LITTLE_SUBCODE: Final = 2804050
NEVER_BACK: Final = 0.06  # buyers who pay and do not return from the bank
OTHER_COOKIE: Final = 0.01  # browsers whose second copy of `_fbp` differs
PATHS: Final = {"InitiateCheckout": "/checkout/", "Contact": "/contact/", "CompleteRegistration": "/register/"}
ORIGINS: Final = {"AddToCart": Origin.TRACK, "Contact": Origin.TRACK, "CompleteRegistration": Origin.TRACK}


@dataclass(frozen=True, kw_only=True, slots=True)
class Week:
    """What the week is made of, and what it has so far."""

    now: datetime
    chance: random.Random
    products: Sequence[Product]
    accounts: list[User]
    planned: list[Planned] = field(default_factory=list)
    marks: dict[str, Times] = field(default_factory=dict)

    def visitor_at(self, at: datetime) -> Person:
        return person(at, self.accounts, self.chance)


def ordinary(week: Week) -> None:
    """Add the visits of all days."""
    for number in range(DAYS * VISITORS_A_DAY):
        day = timedelta(days=number // VISITORS_A_DAY, seconds=week.chance.uniform(NEWEST, 86400 - NEWEST))
        start = week.now - day
        week.planned.extend(visit(week, week.visitor_at(start), start))


def visit(week: Week, who: Person, start: datetime) -> Iterator[Planned]:
    """One visitor's events, from the first page to the last step that they take."""
    chance, at = week.chance, start
    product, quantity = chance.choice(week.products), chance.choice((1, 1, 1, 2, 3))
    for event_name in steps(chance):
        at += timedelta(seconds=chance.uniform(5, 240))
        if event_name == "Purchase":
            yield buy(week, who, product, quantity, at)
        else:
            made = step(week, who, event_name, product, quantity, at)
            refuse_some(made, chance)
            copy(made, who, chance)
            yield made


def steps(chance: random.Random) -> Iterator[str]:
    """What one visitor does, in order."""
    for event_name, likelihood in JOURNEY:
        if chance.random() > likelihood:
            break
        yield event_name
        if event_name == "PageView":
            yield from (
                name for name, share in (("Search", SEARCHES), ("about", READS_ABOUT)) if chance.random() < share
            )
    for event_name, share in (("Contact", ASKS), ("CompleteRegistration", REGISTERS)):
        if chance.random() < share:
            yield event_name


def step(week: Week, who: Person, event_name: str, product: Product, quantity: int, at: datetime) -> Planned:
    event_id = random_id(week.chance)
    if event_name == "about":
        made = planned("PageView", who.visitor, at, event_id=event_id, path="/about/", origin=Origin.BROWSER)
        report(made.row, BrowserState.FIRED, week.chance)
        return made
    has_product = event_name in ("ViewContent", "AddToCart", "InitiateCheckout")
    data = basket(product, quantity) if has_product else {"search_string": "tea"} if event_name == "Search" else {}
    return planned(
        event_name,
        who.visitor,
        at,
        event_id=event_id,
        path=PATHS.get(event_name, path_of(event_name, product)),
        data=data,
        origin=ORIGINS.get(event_name, Origin.PAGE),
    )


def path_of(event_name: str, product: Product) -> str:
    if event_name == "Search":
        return "/search/"
    return "/" if event_name == "PageView" else product.get_absolute_url()


def basket(product: Product, quantity: int) -> dict[str, object]:
    return {
        "value": product.price * quantity,
        "currency": "EUR",
        "content_type": "product",
        "content_ids": [product.sku],
        "contents": [{"id": product.sku, "quantity": quantity, "item_price": product.price}],
        "num_items": quantity,
    }


def refuse_some(made: Planned, chance: random.Random) -> None:
    if made.row.event_name == "Contact" and chance.random() < TOO_LITTLE:
        made.ending, made.subcode = Ending.REFUSED, TOO_LITTLE_SUBCODE


def copy(made: Planned, who: Person, chance: random.Random) -> None:
    """Report the browser copy, unless the visitor has left or the event came from a browser already."""
    row = made.row
    if row.browser_state or (who.has_left and row.event_name != "PageView"):
        return
    report(row, BrowserState.BLOCKED if who.is_blocked else BrowserState.FIRED, chance)
    if chance.random() < OTHER_COOKIE:
        row.browser_fbp = digest(random_id(chance))


def buy(week: Week, who: Person, product: Product, quantity: int, at: datetime) -> Planned:
    """Place an order and pay it at the bank, whose webhook tells the shop; most buyers then return to the shop."""
    paid_at = at + timedelta(seconds=week.chance.uniform(20, 90))
    order = orders.place(who, product, quantity, at, week.chance, paid_at=paid_at)
    made = orders.purchase(order, who, paid_at)
    is_back = week.chance.random() >= NEVER_BACK
    if is_back:
        copy(made, who, week.chance)
    shown = paid_at + timedelta(milliseconds=150) if is_back else None
    week.marks[made.row.object_ref] = Times(seen=at, happened=paid_at, shown=shown)
    return made
