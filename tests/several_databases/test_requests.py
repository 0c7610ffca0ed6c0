"""Requests whose transaction is rolled back, with ATOMIC_REQUESTS, under ASGI, and where the view hides it."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.db import connections
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from django_capi.models import Event
from tests.conftest import HEADERS
from tests.site.models import Note
from tests.support.pages import events

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def atomic_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", value=True)


def names() -> set[str]:
    return set(Event.objects.values_list("event_name", flat=True))


@pytest.mark.usefixtures("atomic_requests")
def test_a_request_that_fails_leaves_neither_order_nor_event(bold: Client) -> None:
    response = bold.post("/fail/")

    assert response.status_code == 500
    assert not Note.objects.exists()
    assert names() == set()


@pytest.mark.usefixtures("atomic_requests")
def test_a_request_that_succeeds_keeps_both_and_fires_both_copies(visitor: Client) -> None:
    response = visitor.post("/accepted/")

    assert names() == {"PageView", "Lead", "Purchase"}
    assert "Lead" in events(response)


def test_without_a_transaction_what_was_tracked_before_the_error_happened(bold: Client) -> None:
    bold.post("/fail/")

    assert Note.objects.exists()
    assert names() == {"Lead"}


def test_what_was_rolled_back_is_not_fired_by_the_page_that_says_so(visitor: Client) -> None:
    response = visitor.post("/declined/")

    assert names() == {"PageView"}
    assert set(events(response)) == {"PageView"}


def test_a_checkout_whose_transaction_is_committed_asks_the_ledger_nothing(visitor: Client) -> None:
    with CaptureQueriesContext(connections["default"]) as queries:
        visitor.post("/accepted/")

    about_events = [query["sql"].split()[0] for query in queries if "django_capi_event" in query["sql"]]
    # The order's and the view's; the commit completes the order's; the page's.
    assert about_events == ["INSERT", "INSERT", "SELECT", "UPDATE", "INSERT"]


@pytest.mark.usefixtures("atomic_requests")
def test_an_async_view_tracks_beside_atomic_requests(async_visitor: AsyncClient) -> None:
    response = async_to_sync(async_visitor.post)("/async/", headers=HEADERS)

    assert Event.objects.get().event_id == response.content.decode()


@pytest.mark.parametrize("fails", [False, True], ids=["committed", "rolled back"])
def test_async_code_tracks_in_the_sync_function_that_has_the_transaction(
    async_visitor: AsyncClient, *, fails: bool
) -> None:
    async_visitor.raise_request_exception = False

    async_to_sync(async_visitor.post)(f"/order-async/{'?fail' if fails else ''}", headers=HEADERS)

    assert Note.objects.exists() is not fails
    assert names() == (set() if fails else {"Lead"})
