"""A PostgreSQL sequence that lags behind its table, as after a restored dump, costs no row."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections, transaction

from django_capi.consent import Consent
from django_capi.database import sequences
from django_capi.delivery.drain import deliver
from django_capi.doctor import Level, examine
from django_capi.ledger import marks, snapshots, withdrawal
from django_capi.models import Batch, ConversionMark, Event, Lane, Snapshot, Withdrawal
from django_capi.requests.visitor import Visitor
from django_capi.testing import deliver_now
from django_capi.tracking import track
from tests.conftest import FBP
from tests.site.models import Note, Order

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL's sequences fall behind"),
]

ROWS = 5


@pytest.fixture(autouse=True)
def _sequences_are_well() -> Iterator[None]:
    """The tables are emptied after each test, and their sequences stay where they are."""
    yield
    for model in sequences.numbered():
        set_next(model, 1_000_000)


def set_next(model: Any, value: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence(%s, %s), %s, false)",
            [model._meta.db_table, model._meta.pk.column, value],
        )


def next_value(model: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT last_value + is_called::integer FROM {model._meta.db_table}_id_seq")
        return int(cursor.fetchone()[0])


def fall_behind(model: Any) -> None:
    """To where the first of the rows is."""
    set_next(model, model._base_manager.order_by("pk").values_list("pk", flat=True)[0])


def lead(number: int) -> str | None:
    return track("Lead", event_id=f"lead-{number:08}", user_data={"fbp": f"fb.1.1596403881668.{number}"}, consent=True)


def leads() -> None:
    for number in range(ROWS):
        lead(number)


def keep(number: int) -> object:
    snapshots.save(f"site.order:{number}", Visitor(consent=Consent.DENIED))
    return Snapshot.objects.filter(object_ref=f"site.order:{number}").exists()


INSERTS: dict[Any, Callable[[int], object]] = {
    Event: lead,
    ConversionMark: lambda number: marks.open_mark(f"site.order:{number}", "Purchase"),
    Snapshot: keep,
    Withdrawal: lambda number: withdrawal.withdraw(fbps=[f"fb.1.1596403881668.{number}"]),
}
BY_NAME = pytest.mark.parametrize("model", INSERTS, ids=lambda model: model.__name__)


@BY_NAME
@pytest.mark.parametrize("is_atomic", [False, True], ids=["alone", "in a transaction"])
def test_a_row_is_stored_all_the_same(model: Any, is_atomic: bool, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(ROWS):
        INSERTS[model](number)
    fall_behind(model)

    if is_atomic:
        with transaction.atomic():
            Note.objects.create(text="the order")
            done = INSERTS[model](ROWS)
    else:
        done = INSERTS[model](ROWS)

    (record,) = [record for record in caplog.records if "lagged behind" in record.getMessage()]
    assert done
    assert model.objects.count() == ROWS + 1
    assert record.levelno == logging.WARNING
    assert model._meta.db_table in record.getMessage()
    assert "sqlsequencereset django_capi" in record.getMessage()


def test_many_rows_of_one_statement_are_stored() -> None:
    leads()
    fall_behind(Event)

    marks.open_marks([f"site.order:{number}" for number in range(ROWS)], "Purchase")
    fall_behind(ConversionMark)
    marks.open_marks([f"site.order:{number}" for number in range(ROWS, 3 * ROWS)], "Purchase")

    assert ConversionMark.objects.count() == 3 * ROWS


def test_a_paid_order_becomes_a_purchase() -> None:
    for _ in range(ROWS):
        Order.objects.create(status=Order.PAID)
    for model in (Event, ConversionMark):
        fall_behind(model)

    with transaction.atomic():
        Order.objects.create(status=Order.PAID)

    assert Event.objects.filter(event_name="Purchase").count() == ROWS + 1


def test_many_checkouts_at_once_store_every_row() -> None:
    leads()
    fall_behind(Event)
    done: list[str | None] = []

    def check_out(first: int) -> None:
        try:
            done.extend(lead(number) for number in range(first, first + 10))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=check_out, args=[100 * count]) for count in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(done)
    assert Event.objects.count() == ROWS + 80


def test_a_sequence_is_never_set_back() -> None:
    leads()
    set_next(Event, 5_000_000)

    sequences.repair(Event, alias="default")

    assert next_value(Event) == 5_000_000
    assert sequences.lagging("default") == []


def test_a_sequence_that_leaves_numbers_to_other_servers_is_left_alone() -> None:
    leads()
    fall_behind(Event)
    before = next_value(Event)
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE django_capi_event_id_seq INCREMENT BY 2")

    sequences.repair(Event, alias="default")
    found, after = sequences.lagging("default"), next_value(Event)

    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE django_capi_event_id_seq INCREMENT BY 1")
    assert (found, after) == ([], before)


def test_a_worker_repairs_the_tables_that_only_it_writes(caplog: pytest.LogCaptureFixture) -> None:
    lead(1)
    deliver()
    for model in (Lane, Batch):
        fall_behind(model)
    lead(2)

    report = deliver_now()

    assert report.accepted == 1
    assert sequences.lagging("default") == []


def test_the_doctor_names_every_lagging_sequence_and_the_command() -> None:
    leads()
    deliver()
    for model in (Event, Lane):
        fall_behind(model)

    found = [finding for finding in examine() if finding.name == "sequences"]

    assert [finding.level for finding in found] == [Level.FAIL]
    assert "django_capi_event, django_capi_lane" in found[0].message
    assert "manage.py sqlsequencereset django_capi" in found[0].advice


def test_an_empty_table_does_not_lag() -> None:
    set_next(Event, 1)

    assert sequences.lagging("default") == []


def test_the_visitor_is_not_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    withdrawal.withdraw(fbps=[FBP])
    fall_behind(Withdrawal)

    withdrawal.withdraw(fbps=["fb.1.1596403881668.2"])

    assert FBP not in caplog.text
