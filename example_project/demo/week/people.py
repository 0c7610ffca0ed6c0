"""Invent the visitors of the week. None of the data is real."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User

from django_capi.consent import Consent
from django_capi.meta import cookies
from django_capi.meta.events import UserData
from django_capi.requests.visitor import Visitor

SHOP: Final = "https://corner-shop.example.com"
FROM_ADVERTS: Final = 0.35
SIGNED_IN: Final = 0.25
LIMITED: Final = 0.03  # visitors under Limited Data Use
UNREPORTED: Final = 0.03  # pages that were closed before they could report
CUSTOMERS: Final = 24
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """A browser: its share of the visits, and the share of it that blocks Meta's library."""

    agent: str
    visits: float
    blocked: float


CHROME: Final = "(KHTML, like Gecko) Chrome/141.0.0.0"
IPHONE: Final = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ANDROID: Final = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36"
WINDOWS: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
FAMILIES: Final = (
    Family(agent=f"{WINDOWS} AppleWebKit/537.36 {CHROME} Safari/537.36", visits=0.34, blocked=0.14),
    Family(agent=f"{ANDROID} {CHROME} Mobile Safari/537.36", visits=0.18, blocked=0.02),
    Family(agent=f"{IPHONE} Version/18.6 Mobile/15E148 Safari/604.1", visits=0.24, blocked=0.06),
    Family(agent="Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", visits=0.08, blocked=0.42),
    Family(agent=f"{WINDOWS} AppleWebKit/537.36 {CHROME} Safari/537.36 Edg/141.0.0.0", visits=0.06, blocked=0.1),
    Family(agent=f"{IPHONE} Mobile/15E148 Instagram 401.0.0.20.80", visits=0.07, blocked=0),
    Family(agent=f"{ANDROID} SamsungBrowser/28.0 {CHROME} Mobile Safari/537.36", visits=0.03, blocked=0.25),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One visitor, and what their browser does with the browser copies."""

    visitor: Visitor
    customer: User | None
    is_blocked: bool
    has_left: bool  # before a page other than the first could report


def customers() -> list[User]:
    """The shop's customers with an account, who cannot log in."""
    names = [f"customer{number}@example.com" for number in range(CUSTOMERS)]
    known = {user.username: user for user in User.objects.filter(username__in=names)}
    new = [User(username=name, email=name) for name in names if name not in known]
    for user in new:
        user.set_unusable_password()
    made = {user.username: user for user in User.objects.bulk_create(new)}
    return [(known | made)[name] for name in names]


def person(start: datetime, accounts: list[User], chance: random.Random) -> Person:
    family = chance.choices(FAMILIES, [each.visits for each in FAMILIES])[0]
    customer = chance.choice(accounts) if chance.random() < SIGNED_IN else None
    return Person(
        visitor=visitor(start, family, customer, chance),
        customer=customer,
        is_blocked=chance.random() < family.blocked,
        has_left=chance.random() < UNREPORTED,
    )


def visitor(start: datetime, family: Family, customer: User | None, chance: random.Random) -> Visitor:
    milliseconds = int(start.timestamp() * 1000)
    click = "IwAR" + "".join(chance.choices(LETTERS, k=61))
    is_from_advert = chance.random() < FROM_ADVERTS
    return Visitor(
        consent=Consent.LIMITED if chance.random() < LIMITED else Consent.GRANTED,
        client_ip_address=address(chance.randrange(1, 255), chance.randrange(1, 255)),
        client_user_agent=family.agent,
        event_source_url=f"{SHOP}/",
        fbp=cookies.make_fbp(now_ms=milliseconds, random_number=chance.randrange(2**31), index=2),
        fbc=cookies.refresh_fbc(None, click, now_ms=milliseconds, index=2) if is_from_advert else None,
        contact=contact_of(customer),
        decided_at=start,
    )


def address(network: int, host: int) -> str:
    """Every third visitor has one of IPv6."""
    return f"168.212.{network}.{host}" if host % 3 else f"2001:4200:{network:x}::{host:x}"


def contact_of(customer: User | None) -> dict[str, object] | None:
    """What the site knows of a visitor who is signed in; nothing of a guest."""
    if customer is None:
        return None
    return dict(UserData.from_raw({"em": customer.email, "external_id": customer.pk}).payload())
