"""Made-up rows of every table, for tests and for looking at the pages. No value belongs to a real person."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import factory as factory_boy
from django.utils import timezone

from django_capi.consent import Consent
from django_capi.ledger.receipts import Receipt
from django_capi.models import (
    MATCH_KEYS,
    Batch,
    BrowserState,
    ConversionMark,
    ConversionState,
    Event,
    Lane,
    MatchKey,
    Origin,
    Snapshot,
    Status,
)

factory: Any = factory_boy  # half of it is typed, which is worse for its users than none

PIXEL_ID = "1234567890123456"


def match_keys(*keys: str) -> int:
    """The bits that a row carries for these keys."""
    return int(sum(MatchKey[key] for key in keys if key in MATCH_KEYS))


def moment(event: Any, **later: float) -> datetime:
    return datetime.fromtimestamp(event.event_time, UTC) + timedelta(**later)


def payload_of(event: Any) -> str:
    """One that Meta takes."""
    return json.dumps(
        {
            "event_name": event.event_name,
            "event_time": event.event_time,
            "event_id": event.event_id,
            "action_source": event.action_source,
            "event_source_url": "https://shop.example/",
            "user_data": {"client_ip_address": "203.0.113.7", "client_user_agent": "Mozilla/5.0"},
            **({"custom_data": {"value": 20, "currency": "EUR"}} if event.event_name == "Purchase" else {}),
        },
        separators=(",", ":"),
    )


def receipt_of(event: Event) -> Receipt:
    """What the page says that fired the event's browser copy."""
    return Receipt(
        event_name=event.event_name,
        event_id=event.event_id,
        pixel_ids=(event.pixel_id,),
        state=BrowserState.FIRED,
    )


class EventFactory(factory.django.DjangoModelFactory):  # type: ignore[misc]  # Any, see above
    """A pending event without a browser copy; the traits say what became of either copy."""

    class Meta:
        model = Event
        skip_postgeneration_save = True

    pixel_id = PIXEL_ID
    event_name = "Purchase"
    event_id = factory.Sequence(lambda n: f"event-{n:08d}")
    event_time = factory.LazyFunction(lambda: int(timezone.now().timestamp()) - 60)
    action_source = "website"
    origin = Origin.PAGE
    consent = Consent.GRANTED
    due_at = factory.LazyAttribute(moment)
    deadline = factory.LazyAttribute(lambda event: moment(event, days=7, hours=-1))
    payload = factory.LazyAttribute(payload_of)
    match_keys = match_keys("client_ip_address", "client_user_agent", "fbp")

    class Params:
        sent = factory.Trait(
            attempts=1,
            finished_at=factory.LazyAttribute(lambda event: moment(event, seconds=2)),
        )
        accepted = factory.Trait(sent=True, status=Status.ACCEPTED)
        rejected = factory.Trait(
            sent=True,
            status=Status.REJECTED,
            error_code=100,
            error_subcode=2804019,
            error_reason="Meta refuses the currency.",
        )
        expired = factory.Trait(
            status=Status.EXPIRED,
            finished_at=factory.LazyAttribute(lambda event: event.deadline),
            error_reason="Not delivered before its deadline.",
        )
        withdrawn = factory.Trait(
            status=Status.WITHDRAWN,
            finished_at=factory.LazyAttribute(lambda event: moment(event, seconds=30)),
            payload="",
            error_reason="The visitor withdrew consent.",
        )
        in_doubt = factory.Trait(
            sent=True,
            status=Status.IN_DOUBT,
            ambiguous=1,
            error_reason="Meta's answer never came. Resend or leave it.",
        )
        receipt = factory.Trait(
            browser_at=factory.LazyAttribute(lambda event: moment(event, seconds=1)),
            browser_count=1,
        )
        fired = factory.Trait(receipt=True, browser_state=BrowserState.FIRED)
        blocked = factory.Trait(receipt=True, browser_state=BrowserState.BLOCKED)
        met = factory.Trait(
            accepted=True,
            fired=True,
            server_fbp="9a1f2c3d4e5f6071",
            browser_fbp="9a1f2c3d4e5f6071",
        )

    @factory.post_generation  # type: ignore[untyped-decorator]  # Any, see above
    def kept_by_its_request(event: Event, create: bool, extracted: None) -> None:  # noqa: N805
        """A request keeps the keys of its events."""
        batch = Batch.objects.filter(pk=event.batch_id).first() if event.batch_id else None
        if batch:
            Batch.objects.filter(pk=batch.pk).update(event_pks=[*batch.event_pks, event.pk])


class LaneFactory(factory.django.DjangoModelFactory):  # type: ignore[misc]  # Any, see above
    class Meta:
        model = Lane

    pixel_id = PIXEL_ID

    class Params:
        paused = factory.Trait(
            paused_until=factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=15)),
            pause_reason="The access token has expired.",
            failures=3,
        )


class BatchFactory(factory.django.DjangoModelFactory):  # type: ignore[misc]  # Any, see above
    """A request that Meta answered well."""

    class Meta:
        model = Batch

    lane = factory.SubFactory(LaneFactory)
    fence = 1
    started_at = factory.LazyFunction(timezone.now)
    finished_at = factory.LazyAttribute(lambda batch: batch.started_at + timedelta(milliseconds=320))
    events = 1
    size = 640
    outcome = "accepted"
    http_status = 200
    fbtrace_id = factory.Sequence(lambda n: f"A{n:07d}sampleTrace")


class ConversionMarkFactory(factory.django.DjangoModelFactory):  # type: ignore[misc]  # Any, see above
    class Meta:
        model = ConversionMark

    object_ref = factory.Sequence(lambda n: f"shop.order:{n}")
    event_name = "Purchase"
    state = ConversionState.STORED
    pixel_ids = PIXEL_ID
    event_id = factory.Sequence(lambda n: f"conversion-{n:08d}")
    happened_at = factory.LazyFunction(timezone.now)


class SnapshotFactory(factory.django.DjangoModelFactory):  # type: ignore[misc]  # Any, see above
    class Meta:
        model = Snapshot

    object_ref = factory.Sequence(lambda n: f"shop.order:{n}")
    visitor = factory.LazyFunction(lambda: {"client_ip_address": "203.0.113.7"})
