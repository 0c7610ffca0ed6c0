"""Fill the ledger with a plausible week of visitors, by the code that handles live events.

The week has what a real one has: blocked browsers, a visitor who declined, a server copy that Meta refused, one
that waits. It is the same week every time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction

from django_capi.conf import conf
from django_capi.consent import Consent
from django_capi.ledger import store
from django_capi.meta import cookies
from django_capi.meta.events import UserData
from django_capi.models import BrowserState, Event, Origin, Status
from django_capi.requests.visitor import Visitor
from django_capi.tracking import Action, custom_data_from, entry
from example_project.shop.factories import DRAMA_PHONES
from example_project.shop.models import Product

DAYS = 7
VISITORS_A_DAY = 40
SEED = 2026
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
# How far a visitor comes: each step, and the chance to take it after the one before.
JOURNEY = (("PageView", 1.0), ("ViewContent", 0.82), ("AddToCart", 0.44), ("InitiateCheckout", 0.62), ("Purchase", 0.7))
ASKS = 0.15  # visitors who write to the shop
BLOCKED = 0.12  # browsers whose blocker stops Meta's library
UNREPORTED = 0.03  # pages closed before they could report
REFUSED = 0.12  # of what the contact form sends: it knows too little of the person
BARE = ("PageView", "Contact")  # events without products
ORIGINS = {"Purchase": Origin.CONVERSION, "Contact": Origin.TRACK}
SHOP = "https://corner-shop.example.com"


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One invented visitor of the week."""

    number: int
    visitor: Visitor
    is_blocked: bool
    has_left: bool
    gives_contact: bool


def make_week(now: datetime) -> int:
    """Fill the ledger for the seven days before `now`; the number of events."""
    chance = random.Random(SEED)
    products = list(Product.objects.order_by("sku"))
    rows = [row for person, start in people(now, chance) for row in visit(person, start, products, chance, now)]
    rows.sort(key=lambda row: row.event_time)  # keys rise with time, as in a ledger that grew
    with transaction.atomic():
        Event.objects.bulk_create(rows, batch_size=500)
        # `created_at` is set on insert, whatever the row says.
        for row in rows:
            row.created_at = datetime.fromtimestamp(row.event_time, UTC)
        Event.objects.bulk_update(rows, ["created_at"], batch_size=200)
    return len(rows)


def people(now: datetime, chance: random.Random) -> Iterator[tuple[Person, datetime]]:
    for number in range(DAYS * VISITORS_A_DAY):
        age = timedelta(days=number // VISITORS_A_DAY, seconds=chance.uniform(7200, 86400))
        start = now - age
        yield person(number, start, chance), start


def person(number: int, start: datetime, chance: random.Random) -> Person:
    milliseconds = int(start.timestamp() * 1000)
    comes_from_ad = chance.random() < 0.35
    click = "".join(chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", k=61))
    gives_contact = chance.random() < 0.3
    contact = {"em": f"visitor{number}@example.com", "ph": DRAMA_PHONES.format(number % 1000)}
    visitor = Visitor(
        consent=Consent.GRANTED,
        client_ip_address=f"168.212.{chance.randrange(1, 255)}.{chance.randrange(1, 255)}",
        client_user_agent=AGENT.format(chance.randrange(120, 143)),
        event_source_url=f"{SHOP}/",
        fbp=cookies.make_fbp(now_ms=milliseconds, random_number=chance.randrange(2**31), index=2),
        fbc=cookies.refresh_fbc(None, f"IwAR{click}", now_ms=milliseconds, index=2) if comes_from_ad else None,
        contact=UserData.from_raw({**contact, "external_id": number}).payload() if gives_contact else None,
    )
    return Person(
        number=number,
        visitor=visitor,
        is_blocked=chance.random() < BLOCKED,
        has_left=chance.random() < UNREPORTED,
        gives_contact=gives_contact,
    )


def visit(
    who: Person, start: datetime, products: list[Product], chance: random.Random, now: datetime
) -> Iterator[Event]:
    product, quantity, at = chance.choice(products), chance.choice((1, 1, 1, 2, 3)), start
    for event_name in steps(chance):
        at += timedelta(seconds=chance.uniform(5, 240))
        action = Action(
            event_name=event_name,
            event_id=UUID(int=chance.getrandbits(128), version=4).hex,
            event_time=int(at.timestamp()),
            custom_data=custom_data_from({} if event_name in BARE else basket(product, quantity)),
            origin=ORIGINS.get(event_name, Origin.PAGE),
        )
        for row in store.rows_of(entry(action, who.visitor), list(conf.pixels().values()), now):
            finish(row, who, at, chance)
            yield row


def steps(chance: random.Random) -> Iterator[str]:
    """What one visitor does, in order."""
    for event_name, likelihood in JOURNEY:
        if chance.random() > likelihood:
            break
        yield event_name
    if chance.random() < ASKS:
        yield "Contact"


def basket(product: Product, quantity: int) -> dict[str, object]:
    return {
        "value": product.price * quantity,
        "currency": "EUR",
        "content_type": "product",
        "content_ids": [product.sku],
        "contents": [{"id": product.sku, "quantity": quantity, "item_price": product.price}],
        "num_items": quantity,
    }


def finish(row: Event, who: Person, at: datetime, chance: random.Random) -> None:
    """What became of the two copies."""
    row.due_at = at
    row.attempts = 1
    row.finished_at = at + timedelta(seconds=chance.lognormvariate(0.6, 0.8))
    row.status = Status.ACCEPTED
    if row.event_name == "Contact" and chance.random() < REFUSED:
        row.status = Status.REJECTED
        row.error_code, row.error_subcode = 100, 2804050
        row.error_reason = "Too little customer information."
    if who.has_left and row.event_name != "PageView":
        return
    row.browser_state = BrowserState.BLOCKED if who.is_blocked else BrowserState.FIRED
    row.browser_at = at + timedelta(seconds=chance.uniform(0.2, 2))
    row.browser_count = 1
    row.browser_fbp = row.server_fbp
    row.browser_external_id = row.server_external_id
