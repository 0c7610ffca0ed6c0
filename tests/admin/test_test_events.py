from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from django.contrib.messages import get_messages
from django.db import connections
from django.test import Client
from django.urls import resolve, reverse
from pytest_django import DjangoAssertNumQueries, Settings

from django_capi.admin import test_events
from django_capi.database.alias import using
from django_capi.delivery import http
from django_capi.models import Event, Status
from example_project.standin.faults import Control
from example_project.standin.server import Running, serve
from tests.admin.conftest import Staff
from tests.support.factories import BatchFactory, EventFactory

pytestmark = pytest.mark.django_db

HELPER = reverse("admin:django_capi_event_payload_helper")
PAGE = reverse("admin:django_capi_event_test_events")
FEED = reverse("admin:django_capi_event_test_events_feed")
FORM = {"event_name": "Purchase", "pixel": "main", "code": "TEST123"}


def test_only_test_events_are_listed_with_both_copies(admin_client: Client) -> None:
    EventFactory(met=True)
    event = EventFactory(
        met=True, test_event_code="TEST123", event_name="Lead", batch=BatchFactory(fbtrace_id="AbCdEf123")
    )

    (row,) = admin_client.get(FEED).json()["rows"]

    assert (row["event_id"], row["event_name"], row["outcome"]) == (event.event_id, "Lead", "Met")
    assert (row["server"]["word"], row["browser"]["word"], row["trace"]) == ("accepted", "fired", "AbCdEf123")
    assert row["url"] == reverse("admin:django_capi_event_change", args=[event.pk])


def test_the_page_shows_the_same_without_a_script(admin_client: Client) -> None:
    event = EventFactory(test_event_code="TEST123")

    page = admin_client.get(PAGE).content.decode()

    assert event.event_id in page
    assert "TEST123" in page


def test_the_form_sends_a_test_event_at_once(admin_client: Client) -> None:
    response = admin_client.post(PAGE, FORM)

    event = Event.objects.get()
    assert (event.status, event.test_event_code, event.attempts) == (Status.ACCEPTED, "TEST123", 1)
    assert [str(message) for message in get_messages(response.wsgi_request)] == [
        'CAPI["SENDER"] is not "graph": nothing was sent to Meta.'
    ]


@pytest.mark.parametrize("wrong", [{"code": "bad code!"}, {"code": "TEST\n1"}, {"event_name": ""}, {"pixel": "eu"}])
def test_a_mistake_in_the_form_sends_nothing(wrong: dict[str, str], admin_client: Client) -> None:
    assert admin_client.post(PAGE, FORM | wrong).status_code == 200
    assert not Event.objects.exists()


def test_sending_needs_its_permission(staff: Staff) -> None:
    client = staff("view_event", "resend_event")

    assert "Send a test event" not in client.get(PAGE).content.decode()
    assert client.post(PAGE, FORM).status_code == 403
    assert not Event.objects.exists()


@pytest.mark.parametrize("address", [PAGE, FEED], ids=["page", "feed"])
def test_seeing_them_needs_the_permission_to_view_events(address: str, staff: Staff) -> None:
    assert staff("view_lane").get(address).status_code == 403


@pytest.mark.parametrize("rows", [1, 20])
def test_the_feed_costs_two_queries(
    rows: int, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    EventFactory.create_batch(rows, met=True, test_event_code="TEST1", batch=BatchFactory())

    with django_assert_num_queries(4):  # with the session and the user
        admin_client.get(FEED)


def test_old_events_are_not_searched(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_events, "NEWEST", 1)
    EventFactory(test_event_code="TEST1")
    EventFactory()

    assert admin_client.get(FEED).json() == {"rows": []}


@pytest.fixture
def meta(settings: Settings, connections_of_requests: list[object]) -> Iterator[Running]:
    """A Meta that records the events and answers half a second later."""
    running = serve(token="test-token-0123456789")
    running.state.faults.set(Control(answer="slow", seconds=0.5))
    settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": running.url}
    yield running
    http.session().close()
    running.stop()
    connections_of_requests.clear()  # these requests may connect to Meta: staff has asked for it


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", [PAGE, HELPER], ids=["test events", "payload helper"])
def test_no_transaction_is_open_while_meta_answers(
    address: str, meta: Running, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for alias in connections:
        monkeypatch.setitem(connections.settings[alias], "ATOMIC_REQUESTS", True)
    ours, is_open = connections[using()], []

    def watch() -> None:
        while not meta.state.seen.counts()["server"]:
            time.sleep(0.005)
        is_open.append(ours.in_atomic_block)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    form = {**FORM, "action_source": "website", "page": "https://shop.example.com/", "client_user_agent": "Mozilla/5.0"}
    admin_client.post(address, {**form, "em": "jane@example.com", "value": "5", "currency": "EUR", "send": "1"})
    watcher.join(timeout=10)

    assert is_open == [False]
    assert Event.objects.get().status == Status.ACCEPTED


def test_every_database_is_exempt_from_atomic_requests() -> None:
    for address in (PAGE, HELPER):
        assert getattr(resolve(address).func, "_non_atomic_requests") == set(connections)  # noqa: B009
