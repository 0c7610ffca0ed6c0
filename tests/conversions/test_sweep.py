"""The worker finds what no signal told of, a bounded piece at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_capi.conversions import Conversion, sweep
from django_capi.ledger import marks
from django_capi.models import ConversionMark, ConversionSource, ConversionState, Event, NotSent
from tests.site.models import Booking, Note, Order
from tests.support.registration import registering

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)


def pass_time(gone: timedelta) -> None:
    """The tables as they will be then."""
    ConversionMark.objects.update(check_at=F("check_at") - gone, created_at=F("created_at") - gone)
    ConversionSource.objects.update(swept_at=F("swept_at") - gone, lap_at=F("lap_at") - gone)


def run() -> int:
    pass_time(MINUTE)
    return sweep.sweep()


def purchases() -> list[str]:
    return list(Event.objects.filter(event_name="Purchase").values_list("object_ref", flat=True))


def test_a_paid_order_that_was_updated_without_signals_is_found_once(visitor: Client) -> None:
    pk = visitor.post("/checkout/").json()["order"]
    Order.objects.filter(pk=pk).update(status=Order.PAID)

    counts = [run(), run()]

    event = Event.objects.get()
    assert counts == [1, 0]
    assert (event.object_ref, event.action_source) == (f"site.order:{pk}", "website")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Order.objects.bulk_create([Order(status=Order.PAID), Order()]),
        lambda: connection.cursor().execute(
            "INSERT INTO site_order (status, total, email) VALUES ('paid', 20, 'jane@example.com')"
        ),
    ],
    ids=["bulk_create", "another program's SQL"],
)
def test_new_orders_without_signals_are_found(make: Any) -> None:
    sweep.sweep()
    make()

    run()

    assert len(purchases()) == 1


def test_what_was_not_paid_when_it_was_found_is_owed_from_then_on() -> None:
    sweep.sweep()
    Order.objects.bulk_create([Order()])
    run()

    Order.objects.update(status=Order.PAID)
    run()

    assert len(purchases()) == 1


def test_a_key_that_is_committed_late_is_found() -> None:
    """Another transaction took its key first and commits last."""
    late = Order.objects.create()
    key = late.pk
    late.delete()
    Order.objects.create()
    ConversionMark.objects.all().delete()
    ConversionSource.objects.update(cursor=key - 1, lap_start=key - 1, lap_end=key - 1)
    run()
    Order.objects.bulk_create([Order(pk=key, status=Order.PAID)])

    run()

    assert purchases() == [f"site.order:{key}"]


def test_after_a_while_settled_keys_are_read_no_more() -> None:
    sweep.sweep()
    Order.objects.bulk_create([Order()] * 3)
    newest = Order.objects.latest("pk").pk

    for _ in range(3):
        pass_time(20 * MINUTE)
        sweep.sweep()

    assert ConversionSource.objects.get().lap_start == newest


def test_more_than_a_page_is_read_in_several_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "ROWS", 2)
    sweep.sweep()
    Order.objects.bulk_create([Order(status=Order.PAID) for _ in range(5)])

    counts = [run() for _ in range(3)]

    assert counts == [2, 2, 1]


def test_one_worker_in_an_interval_sweeps() -> None:
    sweep.sweep()
    Order.objects.bulk_create([Order(status=Order.PAID)])

    assert sweep.sweep() == 0
    assert run() == 1


def test_what_had_happened_before_is_left() -> None:
    Order.objects.bulk_create([Order(status=Order.PAID)])
    ConversionSource.objects.all().delete()

    for _ in range(3):
        run()

    assert purchases() == []


def test_waits_grow_with_the_age() -> None:
    waits = [
        marks.next_wait(timedelta(minutes=minutes)).total_seconds() / 60 for minutes in (0, 15, 60, 600, 60 * 24 * 40)
    ]

    assert waits == [1, 1, 4, 32, 1440]


def test_an_object_that_is_gone_is_forgotten_after_a_day() -> None:
    Order.objects.create().delete()
    run()
    kept = ConversionMark.objects.count()

    pass_time(timedelta(days=2))
    sweep.sweep()

    assert (kept, ConversionMark.objects.count()) == (1, 0)


def test_an_order_from_a_transaction_that_is_open_elsewhere_is_not_forgotten() -> None:
    """The ledger in another database has the row before the order is committed."""
    marks.open_mark("site.order:4711", "Purchase")

    run()

    assert ConversionMark.objects.get().state == ConversionState.OPEN


def test_a_conversion_that_the_site_has_no_longer_ends_nothing() -> None:
    marks.open_mark("site.order:1", "Donate")
    marks.open_mark("gone.model:1", "Donate")
    order = Order.objects.create()
    Order.objects.update(status=Order.PAID)

    run()

    assert purchases() == [f"site.order:{order.pk}"]


class BookingPurchase(Conversion[Booking]):
    def happened(self, booking: Booking, /) -> bool:
        return booking.paid_at is not None

    def consent(self, booking: Booking, /) -> bool:
        return True

    def custom_data(self, booking: Booking, /) -> dict[str, object]:
        return {"value": booking.price, "currency": "EUR"}

    def user_data(self, booking: Booking, /) -> dict[str, object]:
        return {"em": "jane@example.com"}

    def event_time(self, booking: Booking, /) -> datetime | None:
        return booking.paid_at

    def candidates(self, since: datetime, /) -> QuerySet[Booking]:
        return Booking.objects.filter(paid_at__gte=since)


@pytest.fixture
def bookings() -> Iterator[None]:
    with registering(Booking, BookingPurchase):
        sweep.sweep()
        ConversionSource.objects.update(met_at=timezone.now() - timedelta(days=30), since=timezone.now() - 9 * MINUTE)
        yield


@pytest.mark.usefixtures("bookings")
class TestCandidates:
    def test_what_the_site_names_is_found_with_its_own_time(self) -> None:
        paid_at = timezone.now() - 5 * MINUTE
        Booking.objects.bulk_create([Booking(paid_at=paid_at), Booking()])

        counts = [run(), run()]

        assert counts == [1, 0]
        assert Event.objects.get().event_time == int(paid_at.timestamp())

    def test_they_are_read_in_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sweep, "ROWS", 2)
        Booking.objects.bulk_create([Booking(paid_at=timezone.now()) for _ in range(5)])

        counts = [run() for _ in range(4)]

        assert counts == [2, 2, 1, 0]

    @pytest.mark.parametrize("key", ["ann{}@example.com", "k" * 150 + "{}"], ids=["addresses", "too long"])
    def test_keys_that_cannot_be_kept_are_read_in_one_pass(self, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sweep, "ROWS", 2)
        Booking.objects.bulk_create([Booking(pk=key.format(n), paid_at=timezone.now()) for n in range(5)])

        counts = [run() for _ in range(2)]

        assert counts == [5, 0]
        assert set(ConversionSource.objects.values_list("candidate_pk", flat=True)) == {""}

    def test_what_was_paid_before_the_app_came_is_left(self) -> None:
        Booking.objects.bulk_create([Booking(paid_at=timezone.now() - 5 * MINUTE)])
        ConversionSource.objects.update(met_at=timezone.now() - 2 * MINUTE)

        run()

        assert not Event.objects.exists()
        assert ConversionMark.objects.get().reason == NotSent.BEFORE

    def test_a_failing_candidates_ends_no_sweep(self, caplog: pytest.LogCaptureFixture) -> None:
        class Broken(BookingPurchase):
            event_name = "Schedule"

            def candidates(self, since: datetime, /) -> QuerySet[Booking]:
                raise LookupError("jane@example.com")

        with registering(Booking, Broken):
            run()
        Order.objects.create()
        Order.objects.update(status=Order.PAID)

        assert run() == 1
        assert "jane@" not in caplog.text


def test_its_cost_does_not_grow_with_what_is_settled() -> None:
    def cost() -> int:
        pass_time(MINUTE)
        with CaptureQueriesContext(connection) as queries:
            sweep.sweep()
        return len(queries)

    cost()
    few = cost()
    with transaction.atomic():
        for _ in range(20):
            Order.objects.create(status=Order.PAID)
    for _ in range(3):
        pass_time(20 * MINUTE)
        sweep.sweep()

    assert cost() == few


def test_without_conversions_nothing_is_asked() -> None:
    with registering(Order), CaptureQueriesContext(connection) as queries:
        assert sweep.sweep() == 0

    assert len(queries) == 0


def test_a_note_is_no_conversion() -> None:
    with CaptureQueriesContext(connection) as queries:
        Note.objects.create(text="nothing")

    assert len(queries) == 1
