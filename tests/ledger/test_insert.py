"""The INSERT that is put together here does what Django's own would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.utils.safestring import mark_safe

from django_capi.ledger.insert import MOST_ROWS, NAMES, insert
from django_capi.models import BrowserState, Event, Status
from tests.site.models import Note
from tests.support.factories import EventFactory

pytestmark = pytest.mark.django_db


def made(event_id: str, **values: Any) -> Event:
    row: Event = EventFactory.build(event_id=event_id, **values)
    row.created_at = row.due_at
    return row


def stored(event_id: str) -> list[Any]:
    """All but the id; and `bulk_create` sets `created_at` itself."""
    row = Event.objects.get(event_id=event_id)
    return [getattr(row, name) for name in NAMES if name not in ("event_id", "created_at")]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"met": True},
        {"rejected": True, "browser_state": BrowserState.BLOCKED, "shared_id": True},
        {"event_name": mark_safe("Lead"), "object_ref": "shop.order:1"},  # what a template's literal is
        {"event_name": "Größe % %s ' \" \\", "left_out": "em:not an address"},
    ],
    ids=["pending", "met", "rejected", "safe text", "any text"],
)
def test_a_row_is_the_one_that_bulk_create_stores(values: dict[str, Any]) -> None:
    ours, theirs = made("ours", **values), made("theirs", **values)
    for name in NAMES:
        if name != "event_id":
            setattr(theirs, name, getattr(ours, name))

    insert([ours], alias="default")
    Event.objects.bulk_create([theirs])

    assert stored("ours") == stored("theirs")
    assert Event.objects.get(event_id="ours").created_at == ours.created_at


def test_what_is_there_stays_and_the_others_come() -> None:
    insert([made("one", status=Status.ACCEPTED)], alias="default")

    insert([made("one"), made("two")], alias="default")

    assert dict(Event.objects.values_list("event_id", "status")) == {"one": Status.ACCEPTED, "two": Status.PENDING}


@pytest.mark.django_db(transaction=True)
def test_more_rows_than_a_statement_takes_are_stored_together() -> None:
    insert([made(f"event-{number}") for number in range(2 * MOST_ROWS + 1)], alias="default")

    assert Event.objects.count() == 2 * MOST_ROWS + 1


def test_rows_go_with_the_transaction_they_are_in() -> None:
    with transaction.atomic():
        Note.objects.create(text="the order")
        insert([made("one")], alias="default")
        transaction.set_rollback(True)

    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_another_conflict_than_that_of_the_event_is_an_error() -> None:
    taken = make_every_key_the_first()

    with failing_sequence(taken), pytest.raises(IntegrityError):
        insert([made("three")], alias="default")

    assert not Event.objects.filter(event_id="three").exists()


def make_every_key_the_first() -> int:
    insert([made("one")], alias="default")
    return Event.objects.get().pk


@contextmanager
def failing_sequence(pk: int) -> Iterator[None]:
    """INSERTs name a primary key that is taken, as no sequence would that can be repaired."""
    column = connection.ops.quote_name("id")

    def execute(execute: Callable[..., Any], sql: str, params: Any, *call: Any) -> Any:
        if sql.startswith("INSERT INTO") and "django_capi_event" in sql:
            sql, params = sql.replace("(", f"({column}, ", 1).replace("VALUES (", "VALUES (%s, ", 1), [pk, *params]
        return execute(sql, params, *call)

    with connection.execute_wrapper(execute):
        yield


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_atomic", [False, True], ids=["alone", "in a transaction"])
def test_of_several_rows_those_that_are_there_are_left_out_and_the_others_come(is_atomic: bool) -> None:
    insert([made("one"), made("three")], alias="default")

    with transaction.atomic() if is_atomic else nullcontext():
        insert([made("one"), made("two"), made("three"), made("four"), made("four")], alias="default")

    assert sorted(Event.objects.values_list("event_id", flat=True)) == ["four", "one", "three", "two"]


@pytest.mark.django_db(transaction=True)
def test_a_text_that_is_too_long_is_never_cut_without_a_word() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite keeps texts of any length")

    with pytest.raises(DataError):
        insert([made("one", event_name="n" * 51)], alias="default")

    assert not Event.objects.exists()
