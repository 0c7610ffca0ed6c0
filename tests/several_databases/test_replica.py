"""A replica that lags: what the ledger decides is never read from it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from django_capi.delivery import lanes
from django_capi.delivery.drain import deliver
from django_capi.doctor import Level, examine
from django_capi.ledger import erasure, expiry, resend, retention, withdrawal
from django_capi.models import Batch, BrowserState, ConversionSource, Event, Lane, Status, Withdrawal
from tests.browser.test_blocks import collect
from tests.conftest import FBP
from tests.site.models import Order
from tests.support.pages import events

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])

STORED = Event.objects.using("default")


@pytest.fixture(autouse=True)
def _replicated(settings: Settings) -> None:
    settings.DATABASE_ROUTERS = ["tests.several_databases.routers.Replicated"]
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"


def buy(visitor: Client) -> Order:
    with transaction.atomic():
        order = Order.objects.create()
    order.status = Order.PAID
    order.save()
    return order


def test_an_order_saved_many_times_is_one_purchase(reads_of_the_replica: CaptureQueriesContext) -> None:
    order = Order.objects.create()
    order.status = Order.PAID

    for _ in range(3):
        order.save()

    assert STORED.get().event_name == "Purchase"
    assert len(reads_of_the_replica) == 0


def test_an_order_paid_long_ago_and_saved_today_is_no_purchase(reads_of_the_replica: CaptureQueriesContext) -> None:
    Order.objects.using("default").bulk_create([Order(status=Order.PAID)])
    ConversionSource.objects.using("default").all().delete()  # as on the day of the installation
    order = Order.objects.using("default").get()

    order.save()

    assert not STORED.exists()
    assert len(reads_of_the_replica) == 0


def test_pages_and_their_receipts_are_written_and_read_in_the_ledger(
    visitor: Client, reads_of_the_replica: CaptureQueriesContext
) -> None:
    event_id = events(visitor.get("/page/"))["PageView"]["event_id"]

    collect(visitor, event_name="PageView", event_id=event_id)

    assert STORED.get().browser_state == BrowserState.FIRED
    assert len(reads_of_the_replica) == 0


def test_a_declined_order_is_looked_up_in_the_ledger(
    visitor: Client, reads_of_the_replica: CaptureQueriesContext
) -> None:
    kept, lost = events(visitor.post("/accepted/")), events(visitor.post("/declined/"))

    assert ("Lead" in kept, "Lead" in lost) == (True, False)
    assert len(reads_of_the_replica) == 0


def test_delivery_decides_nothing_by_the_replica(visitor: Client, reads_of_the_replica: CaptureQueriesContext) -> None:
    visitor.post("/lead/")
    held = lanes.claim("1234567890123456")
    busy = deliver()
    assert held
    lanes.release(held)

    report, again = deliver(), deliver()

    assert (busy.requests, report.accepted, again.requests) == (0, 1, 0)
    assert STORED.get().status == Status.ACCEPTED
    assert Batch.objects.using("default").get().finished_at
    assert len(reads_of_the_replica) == 0


def test_withdrawing_expiring_resending_and_pruning_do_not_either(
    visitor: Client, reads_of_the_replica: CaptureQueriesContext
) -> None:
    visitor.post("/lead/")
    payload = STORED.get().payload
    withdrawal.withdraw(fbps=[FBP])
    erasure.sweep()
    withdrawn = STORED.get().status
    STORED.update(status=Status.PENDING, deadline=timezone.now() - timedelta(days=1), payload=payload)
    expiry.expire()
    expired = STORED.get().status
    Withdrawal.objects.using("default").all().delete()
    STORED.update(deadline=timezone.now() + timedelta(days=1))
    resent = len(resend.resend([STORED.get().pk]).pks)
    STORED.update(status=Status.ACCEPTED, finished_at=timezone.now() - timedelta(days=400))
    STORED.update(event_time=F("event_time") - 400 * 86400)

    removed = retention.prune()

    assert (withdrawn, expired, resent, removed) == (Status.WITHDRAWN, Status.EXPIRED, 1, 1)
    assert len(reads_of_the_replica) == 0


def test_the_doctor_looks_at_the_ledger_itself(visitor: Client, reads_of_the_replica: CaptureQueriesContext) -> None:
    visitor.post("/lead/")
    STORED.update(due_at=timezone.now() - timedelta(hours=1))

    levels = {finding.name: finding.level for finding in examine()}

    assert (levels["backlog"], levels["worker"]) == (Level.FAIL, Level.FAIL)
    assert len(reads_of_the_replica) == 0


def test_the_command_delivers_what_the_replica_has_not_seen(visitor: Client) -> None:
    visitor.post("/lead/")

    call_command("capi_deliver", verbosity=0)

    assert STORED.get().status == Status.ACCEPTED
    assert Lane.objects.using("default").count() == 1
