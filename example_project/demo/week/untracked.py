"""Visitors of whom nothing is tracked: who decline, who leave the banner unanswered, and crawlers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django_capi.conf import conf
from django_capi.ledger.tallies import HOUR
from django_capi.ledger.untracked import UntrackedKind, add
from django_capi.models import NotSent, Span
from example_project.demo.week.visits import DAYS, NEWEST, Week, steps

# Visitors a day, and the steps that they take. A crawler reads pages and fills no cart.
VISITORS: Final = (
    (NotSent.DENIED, 9, ("PageView", "ViewContent", "Search", "AddToCart", "InitiateCheckout")),
    (NotSent.UNKNOWN, 6, ("PageView", "ViewContent", "Search")),
    (NotSent.EXCLUDED, 25, ("PageView", "ViewContent")),
)


def untracked(week: Week) -> None:
    """Count what they did, as requests would have counted it."""
    add(Counter(kinds(week)))


def kinds(week: Week) -> Iterator[UntrackedKind]:
    for reason, visitors, names in VISITORS:
        for number in range(DAYS * visitors):
            day = timedelta(days=number // visitors, seconds=week.chance.uniform(NEWEST, 86400 - NEWEST))
            at = int((week.now - day).timestamp())
            for name in steps(week.chance):
                for pixel in conf.pixels().values() if name in names else ():
                    yield UntrackedKind(Span.HOUR, at - at % HOUR, pixel.pixel_id, name, reason)
