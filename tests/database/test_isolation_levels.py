"""REPEATABLE READ and SERIALIZABLE: checkouts while others deliver, withdraw, prune and check out as well."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, connections, transaction

from django_capi.database import conflicts
from django_capi.ledger import retention
from django_capi.models import Event, Status
from django_capi.testing import deliver_now, outbox
from django_capi.tracking import track
from django_capi.withdrawal import withdraw_consent
from tests.conftest import FBP
from tests.site.models import Note, Order

LEVELS = {
    "postgresql": ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"],
    "mysql": ["READ COMMITTED", "REPEATABLE READ"],
    "sqlite": [],
}[connection.vendor]
SHOPPERS = 4
ORDERS = 8  # of each
TRIES = 100  # of a site that repeats its transaction, as it has to with these levels

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not LEVELS, reason="SQLite has one writer at a time"),
]


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest) -> Iterator[str]:
    """Of every connection that is opened in the test, and of the test's own."""
    with of_level(request.param):
        yield request.param


@contextmanager
def of_level(level: str) -> Iterator[None]:
    options = connection.settings_dict["OPTIONS"]
    before = dict(options)
    if connection.vendor == "postgresql":
        options["isolation_level"] = isolation_of_psycopg(level)
    else:
        options["isolation_level"] = level.lower()
    connection.close()

    try:
        yield
    finally:
        options.clear()
        options.update(before)
        connection.close()


def isolation_of_psycopg(level: str) -> Any:
    psycopg = pytest.importorskip("psycopg")
    return psycopg.IsolationLevel[level.replace(" ", "_")]


def in_threads(works: list[Callable[[], object]]) -> None:
    """Run them at once; the first error is the test's."""
    errors: list[BaseException] = []
    begin = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        begin.wait(10)
        try:
            work()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


class Shop:
    """Shoppers who check out at once. The site repeats a transaction that cannot be serialized, and counts that."""

    def __init__(self, checkout: Callable[[int], object]) -> None:
        self.checkout = checkout
        self.failures = 0
        self.is_open = True

    def sell(self, first: int) -> None:
        for number in range(first, first + ORDERS):
            self.sell_one(number)

    def sell_one(self, number: int) -> None:
        for _ in range(TRIES):
            try:
                with transaction.atomic():
                    self.checkout(number)
            except OperationalError as error:
                if not conflicts.is_serialization_failure(error):
                    raise
                self.failures += 1
            else:
                return
        pytest.fail("no try succeeds")

    def run(self, *beside: Callable[[], object]) -> None:
        """All of them, while other processes do these things again and again."""
        shoppers = [threading.Thread(target=self.shop, args=[ORDERS * count]) for count in range(SHOPPERS)]

        def sell_all() -> None:
            for shopper in shoppers:
                shopper.start()
            for shopper in shoppers:
                shopper.join()
            self.is_open = False

        in_threads([sell_all, *(self.again(work) for work in beside)])

    def shop(self, first: int) -> None:
        try:
            self.sell(first)
        finally:
            connections.close_all()

    def again(self, work: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            while self.is_open:
                work()

        return run


def lead(number: int) -> None:
    Note.objects.create(text="the order")
    Note.objects.filter(text="the order").count()  # conflicts with every other checkout
    track("Lead", event_id=f"lead-{number:08}", user_data={"fbp": fbp(number)}, consent=True)


def fbp(number: int) -> str:
    return f"fb.1.1596403881668.{number}"


def purchase(number: int) -> None:
    order = Order.objects.create(email="jane@example.com")
    order.status = Order.PAID
    order.save()


def deliver() -> None:
    """What the database refuses, the next pass does."""
    try:
        deliver_now()
    except OperationalError as error:
        if not conflicts.is_serialization_failure(error):
            raise


def sent() -> list[str]:
    return sorted(str(event["event_id"]) for request in outbox for event in request.events)


def test_every_committed_checkout_has_its_event_and_it_is_sent_once(level: str) -> None:
    shop = Shop(lead)

    shop.run(deliver, retention.prune, lambda: withdraw_consent(fbp="fb.1.1596403881668.9999"))
    deliver()

    expected = [f"lead-{number:08}" for number in range(SHOPPERS * ORDERS)]
    assert Note.objects.count() == SHOPPERS * ORDERS
    assert list(Event.objects.order_by("event_id").values_list("event_id", flat=True)) == expected
    assert sent() == expected


def test_every_paid_order_has_its_purchase_at_once_or_with_the_sweep(level: str) -> None:
    shop = Shop(purchase)

    shop.run(deliver, retention.prune)
    call_command("capi_backfill", "site.Order", "--since", "1d", stdout=StringIO())

    refs = set(Event.objects.values_list("object_ref", flat=True))
    assert Order.objects.filter(status=Order.PAID).count() == SHOPPERS * ORDERS
    assert refs == {f"site.order:{pk}" for pk in Order.objects.values_list("pk", flat=True)}
    assert Event.objects.count() == SHOPPERS * ORDERS


def test_the_same_event_from_two_transactions_is_one_row_and_fails_neither(level: str) -> None:
    """A form that is submitted twice: the second transaction cannot see what the first has committed since it began."""
    other = threading.Thread(target=submit)
    with transaction.atomic():
        Note.objects.count()  # the snapshot begins
        other.start()
        other.join()
        Note.objects.create(text="the order")
        said = submit_here()

    assert said == "form-00000001"
    assert Note.objects.exists()
    assert Event.objects.count() == 1


def submit_here() -> str | None:
    return track("Lead", event_id="form-00000001", user_data={"fbp": FBP}, consent=True)


def submit() -> None:
    try:
        submit_here()
    finally:
        connections.close_all()


@pytest.mark.parametrize("is_first", [False, True], ids=["checkout commits last", "checkout commits first"])
def test_an_event_is_not_sent_whose_visitor_withdraws_during_the_checkout(level: str, is_first: bool) -> None:
    """With SERIALIZABLE as with the others the withdrawal is neither delayed nor refused."""

    def withdraw() -> None:
        try:
            withdraw_consent(fbp=FBP)
        finally:
            connections.close_all()

    other = threading.Thread(target=withdraw)
    with transaction.atomic():
        Note.objects.create(text="the order")
        Note.objects.count()
        if not is_first:
            track("Lead", event_id="lead-00000001", user_data={"fbp": FBP}, consent=True)
            other.start()
            other.join()
        else:
            track("Lead", event_id="lead-00000001", user_data={"fbp": FBP}, consent=True)
    if is_first:
        other.start()
        other.join()
    deliver()

    assert Note.objects.exists()
    assert sent() == []
    assert list(Event.objects.values_list("status", flat=True)) == [Status.WITHDRAWN]


def test_withdrawals_that_race_checkouts_and_deliveries_reach_every_event(level: str) -> None:
    """Each visitor withdraws at once after the checkout has begun; what is not sent by then never is."""

    def checkout(number: int) -> None:
        lead(number)
        thread = threading.Thread(target=withdraw, args=[number])
        thread.start()
        thread.join()

    def withdraw(number: int) -> None:
        try:
            withdraw_consent(fbp=fbp(number))
        finally:
            connections.close_all()

    Shop(checkout).run(deliver)
    deliver()

    assert sent() == []
    assert set(Event.objects.values_list("status", flat=True)) == {Status.WITHDRAWN}
    assert Event.objects.count() == SHOPPERS * ORDERS
