"""A query that fails in the site's own code costs the event what that code would have said, and never the order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings

from django_capi import callbacks
from django_capi.conversions import Conversion
from django_capi.models import Event
from django_capi.signals import events_stored
from django_capi.tracking import track
from tests.conftest import ADDRESS, AGENT
from tests.site.models import Note, Order
from tests.support.failing_sql import failing
from tests.support.registration import registering

pytestmark = pytest.mark.django_db(transaction=True)


def ask_in_vain(*_: object, **__: object) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM a_table_that_is_not_there")


def ask_and_go_on(*_: object) -> bool:
    """Code that catches the error itself leaves the transaction as broken."""
    try:
        ask_in_vain()
    except DatabaseError:
        return True
    return False


@pytest.fixture
def request_of_a_visitor(rf: RequestFactory) -> HttpRequest:
    return rf.post("/lead/", headers={"user-agent": AGENT}, REMOTE_ADDR=ADDRESS)


@pytest.mark.parametrize("hook", [ask_in_vain, ask_and_go_on])
@pytest.mark.parametrize("name", ["CONSENT", "EXCLUDE", "PIXEL_FOR", "USER_DATA", "EXTERNAL_ID"])
def test_a_failing_query_of_a_callable_costs_no_order(
    name: str, hook: Callable[..., Any], request_of_a_visitor: HttpRequest, settings: Settings
) -> None:
    settings.CAPI = {**settings.CAPI, name: hook}

    with transaction.atomic():
        Note.objects.create(text="the order")
        track("Lead", request=request_of_a_visitor)

    assert Note.objects.exists()
    if hook is ask_in_vain:
        assert Event.objects.exists() == (name in ("USER_DATA", "EXTERNAL_ID"))


def test_a_failing_query_of_a_receiver_costs_neither_order_nor_event() -> None:
    events_stored.connect(ask_in_vain)
    try:
        with transaction.atomic():
            Note.objects.create(text="the order")
            track("Lead", consent=True)
    finally:
        events_stored.disconnect(ask_in_vain)

    assert Note.objects.exists()
    assert Event.objects.exists()


@pytest.fixture
def notes_ask_in_vain() -> Iterator[None]:
    class Asking(Conversion[Note]):
        event_name = "Lead"
        happened = ask_in_vain

    with registering(Note, Asking):
        yield


@pytest.mark.usefixtures("notes_ask_in_vain")
def test_a_failing_query_of_a_conversion_costs_no_order() -> None:
    with transaction.atomic():
        note = Note.objects.create(text="the order")
        note.save()

    assert Note.objects.exists()


def test_a_transaction_that_is_lost_in_a_callable_is_not_taken_for_committed(
    request_of_a_visitor: HttpRequest, settings: Settings
) -> None:
    """As after a deadlock on MariaDB, which forgets the savepoints with the rest."""

    def lose(_: object) -> bool:
        Note.objects.create(text="of the callable")
        raise OperationalError("Deadlock found")

    settings.CAPI = {**settings.CAPI, "CONSENT": lose}

    with failing("ROLLBACK TO", "", error=OperationalError), pytest.raises(OperationalError), transaction.atomic():
        Note.objects.create(text="the order")
        track("Lead", request=request_of_a_visitor)

    assert not Note.objects.exists()


def test_code_without_queries_opens_no_savepoint(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with transaction.atomic(), django_assert_num_queries(0):
        assert callbacks.call(len, "four") == 4


def test_the_text_of_an_error_is_not_passed_on() -> None:
    with pytest.raises(callbacks.Failed, match=r"^KeyError$") as failure:
        callbacks.call({}.__getitem__, "jane@example.com")

    assert failure.value.__cause__ is None


def test_an_order_is_never_rolled_back_in_silence() -> None:
    """PostgreSQL answers COMMIT with ROLLBACK after a failed query outside of a savepoint: then the site must know."""
    with suppress(DatabaseError), failing("SELECT", "django_capi_conversionmark"):
        with transaction.atomic():
            Order.objects.create(status=Order.PAID)
        assert Order.objects.exists()
