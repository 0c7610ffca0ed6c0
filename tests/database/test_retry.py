"""What a deadlock takes is done again, where nobody else could."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import (
    DEFAULT_DB_ALIAS,
    InterfaceError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from django.utils import timezone

from django_capi.ledger import expiry, receipts, withdrawal
from django_capi.ledger.store import digest
from django_capi.models import Event
from django_capi.tracking import track
from tests.conftest import FBP
from tests.failures.roles import CUT_OFF, OWN_ID
from tests.support.factories import EventFactory, receipt_of
from tests.support.failing_sql import failing

pytestmark = pytest.mark.django_db(transaction=True)


def deadlock() -> OperationalError:
    return OperationalError(1213, "Deadlock found when trying to get lock; try restarting transaction")


def see(event: Event) -> int:
    return receipts.record([receipt_of(event)], fbp=FBP)


def cut_off() -> None:
    """End this connection, as a restart of the server does."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {OWN_ID[connection.vendor]}")
        number = cursor.fetchone()[0]
    other = connections.create_connection(DEFAULT_DB_ALIAS)
    with other.cursor() as cursor:
        cursor.execute(CUT_OFF[connection.vendor][1], [number])
    other.close()


STEPS: dict[str, Callable[[Event], int]] = {
    "a receipt": see,
    "a withdrawal": lambda event: withdrawal.end_events([event.pk]),
    "a withdrawal by staff": lambda event: len(withdrawal.end_waiting([event.pk])),
    "expiring": lambda event: expiry.expire(),
}


@pytest.fixture
def event() -> Event:
    """One that waits, just past its deadline."""
    made: Event = EventFactory.create(server_fbp=digest(FBP), deadline=timezone.now() - timedelta(seconds=1))
    return made


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_after_a_deadlock_it_is_done_again(step: Callable[[Event], int], event: Event) -> None:
    with failing("UPDATE", "django_capi_event", error=deadlock, times=2):
        done = step(event)

    before = (event.status, event.browser_state)
    event.refresh_from_db()
    assert done == 1
    assert (event.status, event.browser_state) != before


def test_in_the_callers_transaction_nothing_is_repeated(event: Event) -> None:
    """It is gone with the deadlock, and what the caller had written in it as well."""
    lost = failing("INSERT", "django_capi_withdrawal", error=deadlock, times=1)
    with lost, pytest.raises(OperationalError), transaction.atomic():
        withdrawal.withdraw(fbps=[FBP])


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no server to lose")
class TestLostConnection:
    def test_an_event_is_stored_by_a_new_one(self) -> None:
        cut_off()

        track("Lead", event_id="lead-0001", user_data={"em": "jane@example.com"}, consent=True)

        assert Event.objects.get().event_id == "lead-0001"

    def test_in_the_callers_transaction_it_is_lost_with_the_transaction(self) -> None:
        with pytest.raises((InterfaceError, OperationalError)), transaction.atomic():
            cut_off()
            track("Lead", event_id="lead-0001", user_data={"em": "jane@example.com"}, consent=True)

        connection.close()
        assert not Event.objects.exists()


def test_another_error_of_the_database_is_not_repeated() -> None:
    with failing("INSERT", "django_capi_event", error=lambda: OperationalError("disk I/O error"), times=1):
        track("Lead", event_id="lead-0001", user_data={"em": "jane@example.com"}, consent=True)

    assert not Event.objects.exists()


def test_a_database_that_stays_away_is_no_endless_loop(event: Event) -> None:
    with failing("INSERT", "django_capi_withdrawal", error=deadlock), pytest.raises(OperationalError):
        withdrawal.withdraw(fbps=[FBP])
