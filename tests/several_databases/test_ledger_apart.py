"""The ledger in another database than the shop, and both of them in one that is not the default."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction
from django.test import Client, RequestFactory
from pytest_django import Settings

from django_capi.database import deferred
from django_capi.delivery.drain import deliver
from django_capi.models import (
    Batch,
    BrowserState,
    ConversionMark,
    ConversionSource,
    Event,
    Lane,
    Snapshot,
    Span,
    Status,
    UntrackedTally,
)
from django_capi.tracking import track, untracked
from tests.browser.test_blocks import collect
from tests.conftest import AGENT
from tests.site.models import Order
from tests.support.pages import events

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "other", "empty"])

TABLES = (Event, Lane, Batch, ConversionMark, ConversionSource, Snapshot)


@pytest.fixture(autouse=True)
def _nothing_told_yet(transactional_db: None) -> None:
    deferred.warn_of_two_databases.cache_clear()
    ConversionSource.objects.using("default").all().delete()  # noted when the tables were made, without a router


@pytest.fixture
def ledger_apart(settings: Settings) -> None:
    settings.DATABASE_ROUTERS = ["tests.several_databases.routers.LedgerApart"]


@pytest.fixture
def together(settings: Settings) -> None:
    settings.DATABASE_ROUTERS = ["tests.several_databases.routers.Together"]


def rows(alias: str) -> dict[str, int]:
    """How many rows of each table the database holds, by a look that no router turns aside."""
    return {model.__name__: count for model in TABLES if (count := model._base_manager.using(alias).count())}


def names(alias: str = "other") -> list[str]:
    return sorted(Event.objects.using(alias).values_list("event_name", flat=True))


def refusing(*_: Any) -> Any:
    raise DatabaseError("the ledger's database is gone")


@pytest.mark.usefixtures("ledger_apart")
class TestApart:
    def test_every_step_of_an_event_is_taken_in_the_ledgers_database(self, visitor: Client) -> None:
        event_id = events(visitor.get("/page/"))["PageView"]["event_id"]
        collect(visitor, event_name="PageView", event_id=event_id)
        visitor.post("/checkout/")
        Order.objects.get().save()

        report = deliver()

        event = Event.objects.using("other").get()
        assert report.accepted == 1
        assert (event.status, event.browser_state) == (Status.ACCEPTED, BrowserState.FIRED)
        assert rows("other").keys() == {"Event", "Lane", "Batch", "ConversionMark", "ConversionSource", "Snapshot"}
        assert rows("default") == {}

    def test_a_transaction_of_the_ledgers_own_database_holds_the_event(self) -> None:
        with pytest.raises(LookupError), transaction.atomic(using="other"):
            track("Lead", user_data={"em": "jane@example.com"}, consent=True)
            raise LookupError

        assert names() == []

    @pytest.mark.parametrize("address", ["accepted", "declined"])
    def test_an_order_that_is_rolled_back_leaves_no_event_and_no_visitor(self, bold: Client, address: str) -> None:
        response = bold.post(f"/{address}/")

        kept = address == "accepted"
        assert Order.objects.exists() is kept
        assert names() == (["Lead", "PageView", "Purchase"] if kept else ["PageView"])
        assert Snapshot.objects.using("other").exists() is kept
        assert ("Lead" in events(response)) is kept

    def test_without_a_request_the_event_waits_for_the_commit_as_well(self) -> None:
        with transaction.atomic():
            track("Lead", user_data={"em": "jane@example.com"}, consent=True)
            before = names()

        assert (before, names()) == ([], ["Lead"])

    @pytest.mark.parametrize("address", ["accepted", "fail"])
    def test_the_transaction_of_a_request_counts_as_well(
        self, bold: Client, monkeypatch: pytest.MonkeyPatch, address: str
    ) -> None:
        monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", value=True)

        bold.post(f"/{address}/")

        kept = address == "accepted"
        assert Order.objects.exists() is kept
        assert names() == (["Lead", "PageView", "Purchase"] if kept else [])

    def test_in_one_that_the_site_commits_itself_the_event_is_stored_at_once(self) -> None:
        """Django does not see that commit."""
        transaction.set_autocommit(False)
        try:
            track("Lead", user_data={"em": "jane@example.com"}, consent=True)
            inside = names()
        finally:
            connections["default"].rollback()
            transaction.set_autocommit(True)

        assert inside == ["Lead"]

    def test_a_worker_called_in_a_transaction_of_the_other_database_sends_and_commits(self) -> None:
        track("Lead", user_data={"em": "jane@example.com"}, consent=True)
        with transaction.atomic():
            report = deliver()
            transaction.set_rollback(True)

        assert report.accepted == 1
        assert Event.objects.using("other").get().status == Status.ACCEPTED

    def test_outside_of_a_transaction_nothing_waits(self) -> None:
        Order.objects.create(status=Order.PAID)
        track("Lead", user_data={"em": "jane@example.com"}, consent=True)

        assert names() == ["Lead", "Purchase"]

    @pytest.mark.parametrize("fails", [False, True], ids=["committed", "rolled back"])
    def test_what_is_not_tracked_is_counted_after_the_commit(self, rf: RequestFactory, *, fails: bool) -> None:
        with transaction.atomic():
            track("Lead", request=rf.get("/", HTTP_USER_AGENT=AGENT), consent=False)
            inside = untracked.waiting.counts.total()
            transaction.set_rollback(fails)
        untracked.waiting.write()

        assert inside == 0
        assert UntrackedTally.objects.using("other").filter(span=Span.HOUR).count() == (0 if fails else 1)
        assert not UntrackedTally.objects.using("default").exists()

    def test_it_is_told_once(self, caplog: pytest.LogCaptureFixture) -> None:
        for _ in range(3):
            with transaction.atomic():
                Order.objects.create(status=Order.PAID)

        told = [record for record in caplog.records if "no transaction holds both" in record.getMessage()]
        assert [record.levelno for record in told] == [logging.WARNING]

    def test_a_ledger_that_is_gone_breaks_no_order(self) -> None:
        with connections["other"].execute_wrapper(refusing), transaction.atomic():
            Order.objects.create(status=Order.PAID)

        assert Order.objects.exists()
        assert names() == []


@pytest.mark.usefixtures("together")
class TestTogether:
    @pytest.mark.parametrize("fails", [False, True], ids=["committed", "rolled back"])
    def test_the_order_and_its_event_share_their_fate(self, caplog: pytest.LogCaptureFixture, *, fails: bool) -> None:
        with transaction.atomic(using="other"):
            Order.objects.create(status=Order.PAID)
            inside = names()
            transaction.set_rollback(fails, using="other")

        assert inside == ["Purchase"]
        assert names() == ([] if fails else ["Purchase"])
        assert rows("default") == {}
        assert "no transaction holds both" not in caplog.text
