from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import AsyncClient, Client, RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings

from django_capi.consent import Consent
from django_capi.conversions.objects import reference
from django_capi.meta.events import InvalidEvent
from django_capi.models import Event, MatchKey, Origin, Status
from django_capi.tracking import track
from tests.conftest import ADDRESS, AGENT, FBP, HEADERS
from tests.site.models import Note, Order
from tests.support.failing_sql import failing

pytestmark = pytest.mark.django_db


def payload(event: Event) -> Any:
    return json.loads(event.payload)


def test_an_action_is_stored_with_the_visitor_who_made_it(visitor: Client) -> None:
    response = visitor.post("/lead/", HTTP_REFERER="http://testserver/form/?email=jane@example.com&utm_source=ad")

    event = Event.objects.get()
    assert (event.event_name, event.event_id, event.status) == ("Lead", response.content.decode(), Status.PENDING)
    assert (event.consent, event.origin) == (Consent.GRANTED, Origin.TRACK)
    assert payload(event)["user_data"] == {
        "client_ip_address": ADDRESS,
        "client_user_agent": AGENT,
        "fbp": FBP,
    }
    assert payload(event)["custom_data"] == {"value": 20, "currency": "EUR"}
    assert payload(event)["event_source_url"] == "http://testserver/form/?utm_source=ad"
    assert {key.name for key in MatchKey(event.match_keys)} == {"client_ip_address", "client_user_agent", "fbp"}


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_transaction_leaves_no_event(visitor: Client) -> None:
    visitor.raise_request_exception = False

    response = visitor.post("/lead-then-fail/")

    assert response.status_code == 500
    assert not Event.objects.exists()
    assert not Note.objects.exists()


def test_a_request_that_tracks_nothing_costs_no_query(
    visitor: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        response = visitor.get("/plain/")

    assert not response.cookies


@pytest.mark.django_db(transaction=True)
def test_the_events_of_a_page_are_stored_in_one_insert(visitor: Client) -> None:
    with Queries() as queries:
        visitor.get("/product/")

    assert set(Event.objects.values_list("event_name", flat=True)) == {"PageView", "ViewContent"}
    assert len([sql for sql in queries if sql.startswith("INSERT")]) == 1


def test_an_async_view_tracks_like_a_sync_one(async_visitor: AsyncClient) -> None:
    response = async_to_sync(async_visitor.post)("/lead-async/", headers=HEADERS)

    event = Event.objects.get()
    assert event.event_id == response.content.decode()


def test_an_async_page_has_its_events_stored(async_visitor: AsyncClient) -> None:
    async_to_sync(async_visitor.get)("/product-async/", headers=HEADERS)

    assert Event.objects.count() == 2


def test_a_value_that_cannot_be_used_is_left_out_and_named_without_the_value(visitor: Client) -> None:
    visitor.post("/bad-lead/")

    event = Event.objects.get()
    assert {item.partition(":")[0] for item in event.left_out.split()} == {"value", "ph"}
    assert "a lot" not in event.payload + event.left_out
    assert event.status == Status.PENDING


def test_a_purchase_without_a_value_is_kept_and_called_rejected(caplog: pytest.LogCaptureFixture) -> None:
    track("Purchase", user_data={"em": "jane@example.com"}, custom_data={"currency": "EUR"}, consent=True)

    event = Event.objects.get()
    assert (event.status, event.error_subcode) == (Status.REJECTED, 2804009)
    assert "value" in event.error_reason
    assert "jane@example.com" not in caplog.text


@pytest.mark.parametrize("answer", [False, None], ids=["denied", "unknown"])
def test_without_consent_nothing_is_stored(newcomer: Client, settings: Settings, answer: bool | None) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: answer}

    response = newcomer.post("/lead/")

    assert response.content == b"none"
    assert not Event.objects.exists()
    assert not response.cookies


def test_limited_data_use_goes_with_both_copies(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "GPC": "limit"}

    visitor.post("/lead/", HTTP_SEC_GPC="1")

    sent = payload(Event.objects.get())
    assert sent["data_processing_options"] == ["LDU"]
    assert (sent["data_processing_options_country"], sent["data_processing_options_state"]) == (0, 0)


@pytest.mark.parametrize(
    "agent",
    ["", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"],
    ids=["no agent", "a crawler"],
)
def test_pages_of_other_clients_than_browsers_track_nothing(visitor: Client, agent: str) -> None:
    visitor.get("/product/", HTTP_USER_AGENT=agent)

    assert not Event.objects.exists()


def test_the_site_may_exclude_requests(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "EXCLUDE": lambda request: "staff" in request.GET}

    visitor.get("/product/?staff")

    assert not Event.objects.exists()


def test_each_pixel_gets_a_row_of_its_own(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "PIXELS": {"main": {"PIXEL_ID": "1"}, "eu": {"PIXEL_ID": "2"}}}

    visitor.post("/lead/")

    rows = Event.objects.order_by("pixel_id")
    assert [row.pixel_id for row in rows] == ["1", "2"]
    assert len({(row.event_id, row.payload) for row in rows}) == 1


def test_the_site_chooses_the_pixel(visitor: Client, settings: Settings) -> None:
    pixels = {"main": {"PIXEL_ID": "1"}, "eu": {"PIXEL_ID": "2"}}
    settings.CAPI = {**settings.CAPI, "PIXELS": pixels, "PIXEL_FOR": lambda subject: "eu"}

    visitor.post("/lead/")

    assert Event.objects.get().pixel_id == "2"


def test_an_error_while_choosing_pixels_sends_to_none(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "PIXEL_FOR": raising}

    response = visitor.post("/lead/")

    assert response.status_code == 200
    assert not Event.objects.exists()


@pytest.mark.parametrize("name", ["CONSENT", "EXCLUDE", "USER_DATA", "EXTERNAL_ID"])
def test_a_failing_callable_of_the_site_breaks_no_page(visitor: Client, settings: Settings, name: str) -> None:
    settings.CAPI = {**settings.CAPI, name: raising}

    assert visitor.get("/product/").status_code == 200


def test_a_failing_callable_is_logged_without_what_it_said(
    visitor: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    visitor.force_login(User.objects.create_user("jane"))
    settings.CAPI = {**settings.CAPI, "USER_DATA": raising}

    visitor.post("/lead/")

    assert "USER_DATA" in caplog.text
    assert "jane@example.com" not in caplog.text


def test_the_same_event_twice_is_one_row(visitor: Client) -> None:
    for _ in range(2):
        track("Lead", user_data={"em": "jane@example.com"}, event_id="lead-00000001", consent=True)

    assert Event.objects.count() == 1


def test_contact_data_is_hashed_before_it_is_stored() -> None:
    track("Lead", user_data={"email": "Jane@Example.com", "ph": "+49 30 23125 001"}, consent=True)

    event = Event.objects.get()
    assert "example.com" not in event.payload
    assert "23125" not in event.payload
    assert len(payload(event)["user_data"]["em"]) == 64


def test_without_a_request_the_caller_has_to_state_the_consent(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: True}

    event_id = track("Subscribe", user_data={"em": "jane@example.com"})

    assert event_id is None
    assert "consent=True" in caplog.text
    assert not Event.objects.exists()


def test_an_event_without_a_visitor_is_system_generated() -> None:
    track("Subscribe", user_data={"em": "jane@example.com"}, custom_data={"value": 9, "currency": "EUR"}, consent=True)

    assert Event.objects.get().action_source == "system_generated"


def test_without_the_middleware_an_event_is_stored_at_once(rf: RequestFactory) -> None:
    request = rf.post("/lead/", headers={"user-agent": AGENT}, REMOTE_ADDR=ADDRESS)

    event_id = track("Lead", request=request)

    assert Event.objects.get().event_id == event_id


def test_a_failing_insert_does_not_break_the_callers_transaction(caplog: pytest.LogCaptureFixture) -> None:
    with transaction.atomic(), failing("INSERT", "django_capi_event"):
        track("Lead", user_data={"em": "jane@example.com"}, consent=True)
        Note.objects.create(text="the order")

    assert Note.objects.exists()
    assert not Event.objects.exists()
    assert "Lead could not be processed: " in caplog.text


def test_a_wrong_event_name_raises_only_in_debug(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    track("", consent=True)  # type: ignore[arg-type]
    settings.DEBUG = True

    with pytest.raises(InvalidEvent):
        track("", consent=True)  # type: ignore[arg-type]

    assert caplog.record_tuples[0][1] == logging.ERROR


@pytest.mark.parametrize(
    "bad",
    [
        {"event_name": "N" * 51},
        {"event_name": "Le\x00ad"},
        {"event_id": "i" * 101},
        {"event_id": "lead\x00"},
        {"event_id": "lead-1 "},
        {"event_time": 10**30},
        {"event_time": 253_402_300_799},  # its deadline would be in the year 10000
        {"event_time": -1},
    ],
    ids=repr,
)
def test_what_no_column_holds_costs_no_other_event(bad: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    sound: dict[str, Any] = {"event_name": "Lead", "user_data": {"em": "jane@example.com"}, "consent": True}
    with transaction.atomic():
        event_id = track(**{**sound, **bad})
        track(**sound, event_id="the good one")
        Note.objects.create(text="the order")

    assert event_id is None
    assert Note.objects.exists()
    assert Event.objects.get().event_id == "the good one"
    assert "InvalidEvent" in caplog.text


def test_keys_are_compared_byte_by_byte() -> None:
    for event_id in ("Order-0001", "order-0001", "örder-0001", "ORDER-0001"):
        track("Lead", event_id=event_id, user_data={"em": "jane@example.com"}, consent=True)

    assert Event.objects.count() == 4


def test_an_object_with_an_endless_key_has_a_reference_of_its_own() -> None:
    found = {reference(Order(pk="7" * length)) for length in (10, 150, 151)}

    assert len(found) == 3
    assert max(len(text) for text in found) <= 120


def test_without_a_pixel_nothing_is_stored_and_no_page_breaks(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {}

    response = visitor.get("/product/")

    assert response.status_code == 200
    assert b"capi-" not in response.content
    assert not Event.objects.exists()


def raising(*_: object) -> object:
    raise LookupError("jane@example.com was not found")


class Queries:
    """The statements that are executed meanwhile."""

    def __enter__(self) -> list[str]:
        self.found: list[str] = []
        self.hook = connection.execute_wrapper(self.note)
        self.hook.__enter__()
        return self.found

    def __exit__(self, *error: Any) -> None:
        self.hook.__exit__(*error)

    def note(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.found.append(sql)
        return execute(sql, params, many, context)
