"""A transaction that the site commits itself: `transaction.set_autocommit(False)`, or `AUTOCOMMIT = False`."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import Client
from pytest_django import Settings

from django_capi import callbacks, tasks
from django_capi.database import deferred, transactions
from django_capi.delivery.client import memory
from django_capi.models import Event, Status
from django_capi.testing import deliver_now
from django_capi.tracking import track
from tests.site.models import Note, Order
from tests.tracking.serving import serve

pytestmark = pytest.mark.django_db(transaction=True)

needs_two = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite has one writer at a time, and begins no transaction before it"
)


@pytest.fixture
def manual() -> Iterator[None]:
    """Autocommit is off; what is not committed is rolled back in the end."""
    transaction.set_autocommit(False)
    yield
    connection.rollback()
    transaction.set_autocommit(True)


def lead(event_id: str = "lead-00000001") -> str | None:
    return track("Lead", event_id=event_id, user_data={"em": "jane@example.com"}, consent=True)


@pytest.mark.usefixtures("manual")
class TestInIt:
    def test_it_counts_as_a_transaction(self) -> None:
        outside = transactions.is_in_transaction("default")
        with transaction.atomic():
            inside = transactions.is_in_transaction("default"), transactions.is_manual(connection)

        assert (outside, inside) == (True, (True, True))

    def test_nothing_is_called_at_a_commit_that_django_does_not_see(self) -> None:
        called: list[int] = []

        with transaction.atomic():
            inside = transactions.on_commit(lambda: called.append(1), alias="default")
        outside = transactions.on_commit(lambda: called.append(2), alias="default")
        connection.commit()

        assert (inside, outside, called) == (False, False, [])
        assert connection.run_on_commit == []

    def test_an_event_goes_with_the_rollback(self) -> None:
        Note.objects.create(text="the order")
        lead()
        connection.rollback()

        assert not Event.objects.exists()

    def test_an_event_stays_with_the_commit(self) -> None:
        Note.objects.create(text="the order")
        lead()
        connection.commit()
        connection.rollback()

        assert Event.objects.count() == 1

    def test_a_failing_query_of_the_sites_own_code_costs_no_order(self) -> None:
        def ask_in_vain() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT * FROM a_table_that_is_not_there")

        Note.objects.create(text="the order")
        with pytest.raises(callbacks.Failed):
            callbacks.call(ask_in_vain)
        connection.commit()

        assert Note.objects.exists()

    def test_a_conversion_is_completed_by_the_worker(self) -> None:
        Order.objects.create(status=Order.PAID, email="jane@example.com")
        connection.commit()
        transaction.set_autocommit(True)
        deliver_now()
        transaction.set_autocommit(False)

        assert Event.objects.get().status == Status.ACCEPTED


def test_a_view_that_commits_by_itself_keeps_order_and_event(settings: Settings, visitor: Client) -> None:
    def act(request: object) -> str:
        transaction.set_autocommit(False)
        try:
            Note.objects.create(text="the order")
            track("Lead", request=request, consent=True)  # type: ignore[arg-type]
            connection.commit()
        finally:
            connection.rollback()
            transaction.set_autocommit(True)
        return "thanks"

    serve(settings, act)
    response = visitor.post("/act/")

    assert response.status_code == 200
    assert Note.objects.exists()
    assert Event.objects.count() == 1


@needs_two
class TestAWorkerBesideIt:
    """It commits what it writes, whatever becomes of the transaction that it is called in."""

    def test_sends_once(self, manual: None) -> None:
        lead()
        connection.commit()

        for _ in range(3):
            deliver_now()
            connection.rollback()

        assert len(memory.sent) == 1
        assert list(Event.objects.values_list("status", "attempts")) == [(Status.ACCEPTED, 1)]

    def test_does_not_send_what_is_not_committed(self, manual: None) -> None:
        lead()

        deliver_now()

        assert memory.sent == []
        assert Event.objects.count() == 1  # and the caller's transaction is whole

    def test_closes_its_connection(self, manual: None) -> None:
        before = connections["default"]

        with deferred.own_connection():
            during = connections["default"]
            Note.objects.count()

        assert connections["default"] is before
        assert during is not before
        assert during.connection is None

    @pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt])
    def test_gives_the_callers_connection_back_after_an_error(self, manual: None, error: type[BaseException]) -> None:
        before = connections["default"]

        with pytest.raises(error), deferred.own_connection():
            raise error

        assert connections["default"] is before

    def test_prunes(self, manual: None) -> None:
        lead()
        connection.commit()
        deliver_now()
        Event.objects.update(event_time=1, finished_at="2020-01-01T00:00:00+00:00")
        connection.commit()

        call_command("capi_prune", stdout=StringIO())
        tasks.prune()
        connection.rollback()

        assert not Event.objects.exists()

    def test_is_the_same_where_the_settings_turn_autocommit_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lead()
        connection.close()
        with monkeypatch.context() as settings:
            settings.setitem(connection.settings_dict, "AUTOCOMMIT", False)
            for _ in range(3):
                deliver_now()
                connection.close()

        assert len(memory.sent) == 1
        assert Event.objects.get().status == Status.ACCEPTED


def test_without_one_a_worker_opens_no_other_connection() -> None:
    before = connections["default"]

    with deferred.own_connection():
        during = connections["default"]

    assert during is before
