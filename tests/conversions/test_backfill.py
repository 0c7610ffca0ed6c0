"""`manage.py capi_backfill`: finds what no signal told of, once, and says what it did."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from django_capi.conversions import sweep
from django_capi.models import ConversionMark, ConversionSource, Event, NotSent
from tests.conversions.test_sweep import BookingPurchase
from tests.site.models import Booking, Order
from tests.support.registration import registering

pytestmark = pytest.mark.django_db


def backfill(*words: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("capi_backfill", *words, stdout=out, **options)
    return out.getvalue()


def test_it_finds_paid_orders_once_with_their_visitor(visitor: Client) -> None:
    pk = visitor.post("/checkout/").json()["order"]
    Order.objects.create()
    Order.objects.filter(pk=pk).update(status=Order.PAID)

    first, second = backfill("site.Order"), backfill("site.Order")

    assert first == "Purchase: 2 objects read. 1 stored.\n"
    assert second == "Purchase: 2 objects read. nothing to do.\n"
    assert Event.objects.get().action_source == "website"


def test_a_dry_run_stores_nothing() -> None:
    Order.objects.create()
    Order.objects.update(status=Order.PAID)

    said = backfill("site.Order", "--dry-run")

    assert said == "Purchase: 1 objects read. Would be: 1 stored.\n"
    assert not Event.objects.exists()


def test_what_happened_before_the_app_is_left() -> None:
    Order.objects.bulk_create([Order(status=Order.PAID)])
    ConversionSource.objects.all().delete()

    said = backfill("site.Order")

    assert "1 happened before this app knew the model" in said
    assert not Event.objects.exists()


def test_existing_objects_are_marked_in_bulk() -> None:
    Order.objects.bulk_create([Order(status=Order.PAID) for _ in range(3)] + [Order()])
    ConversionSource.objects.all().delete()

    first, second = backfill("site.Order", "--mark-existing"), backfill("site.Order", "--mark-existing")

    assert first == "Purchase: 3 objects marked as earlier than this app.\n"
    assert second == "Purchase: 0 objects marked as earlier than this app.\n"
    assert set(ConversionMark.objects.values_list("reason", flat=True)) == {NotSent.BEFORE}


@pytest.fixture
def bookings() -> Iterator[None]:
    with registering(Booking, BookingPurchase):
        sweep.sweep()
        ConversionSource.objects.update(met_at=timezone.now() - timedelta(days=30))
        yield


@pytest.mark.usefixtures("bookings")
class TestTimes:
    def test_events_have_their_objects_own_time(self) -> None:
        paid_at = timezone.now() - timedelta(days=2)
        Booking.objects.bulk_create([Booking(paid_at=paid_at), Booking(paid_at=timezone.now() - timedelta(days=5))])

        said = backfill("site.Booking", "--since", "3d")

        assert said == "Purchase: 1 objects read. 1 stored.\n"
        assert Event.objects.get().event_time == int(paid_at.timestamp())

    def test_what_is_too_old_is_listed_and_keeps_its_reason(self) -> None:
        booking = Booking(paid_at=timezone.now() - timedelta(days=10))
        Booking.objects.bulk_create([booking])

        said = backfill("site.Booking", "--since", "20d")

        assert "1 too old to send" in said
        assert f"  too old: site.booking:{booking.pk}" in said
        assert ConversionMark.objects.get().reason == NotSent.TOO_OLD

    @pytest.mark.parametrize(
        "since",
        ["2h", "90m", f"{timezone.now() - timedelta(hours=2):%Y-%m-%dT%H:%M:%S%z}"],
        ids=["hours", "minutes", "a moment"],
    )
    def test_since_is_a_span_or_a_moment(self, since: str) -> None:
        Booking.objects.bulk_create([Booking(paid_at=timezone.now() - timedelta(hours=1))])

        assert "1 stored" in backfill("site.Booking", "--since", since)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["shop.Nothing"], "There is no model 'shop.Nothing'. Write it as app_label.ModelName."),
        (["nonsense"], "There is no model"),
        (["site.Note"], "site.Note has no such conversion. The models with conversions are: site.Order."),
        (["site.Order", "--event-name", "Lead"], "site.Order has no such conversion"),
        (["site.Order", "--since", "soon"], "neither a time ago such as 6d, 12h or 30m, nor a date"),
        (["site.Order", "--since", "999999d"], "neither a time ago such as 6d, 12h or 30m, nor a date"),
    ],
)
def test_bad_words_are_told_with_the_right_ones(words: list[str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint.replace("(", r"\(")):
        backfill(*words)
