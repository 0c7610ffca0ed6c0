"""What a page says it fired comes in; the browser's side of the rows is filled in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Greatest, Least
from django.utils import timezone

from django_capi.ledger.store import DUPLICATE_WINDOW, digest, using
from django_capi.models import BrowserState, Event


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """One browser copy: which event, for which pixels, and whether Meta's library was there to take it."""

    event_name: str
    event_id: str
    pixel_ids: tuple[str, ...]
    state: BrowserState


def record(receipts: Iterable[Receipt], *, fbp: str | None, external_id: object = None) -> int:
    """Note them, one UPDATE for each state; the number of rows they met."""
    now = timezone.now()
    by_state: dict[BrowserState, Q] = {}
    for receipt in receipts:
        key = Q(event_name=receipt.event_name, event_id=receipt.event_id, pixel_id__in=receipt.pixel_ids)
        by_state[receipt.state] = by_state.get(receipt.state, Q()) | key
    return sum(
        note(Event.objects.using(using()).filter(keys), state, digest(fbp), digest(external_id), now)
        for state, keys in by_state.items()
    )


def note(rows: QuerySet[Event], state: BrowserState, fbp: str, external_id: str, now: datetime) -> int:
    """Write one state. Every value is computed from the row as it is, so that two receipts at once both count."""
    deadline = Least("deadline", Value(now + DUPLICATE_WINDOW)) if state is BrowserState.FIRED else F("deadline")
    another = Q(browser_count__gt=0) & ~Q(browser_fbp=fbp) | ~Q(server_fbp="") & ~Q(server_fbp=fbp)
    return rows.update(
        browser_state=Greatest("browser_state", Value(int(state))),
        browser_at=Coalesce("browser_at", Value(now)),
        browser_count=F("browser_count") + 1,
        browser_fbp=Case(When(browser_fbp="", then=Value(fbp)), default=F("browser_fbp")),
        browser_external_id=Case(
            When(browser_external_id="", then=Value(external_id)), default=F("browser_external_id")
        ),
        shared_id=Case(When(another, then=Value(value=True)), default=F("shared_id")) if fbp else F("shared_id"),
        deadline=deadline,
    )
