from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from django_capi.models import Event, Status
from tests.admin.conftest import Staff
from tests.support.factories import EventFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:django_capi_event_changelist")


def choose(client: Client, *events: Event) -> list[tuple[str, str]]:
    pks = [str(event.pk) for event in events]
    response = client.post(LIST, {"action": "resend_selected", "_selected_action": pks})
    return [(message.level_tag, str(message)) for message in get_messages(response.wsgi_request)]


def press(client: Client, event: Event) -> int:
    return client.post(reverse("admin:django_capi_event_resend", args=[event.pk])).status_code


@pytest.mark.parametrize("state", ["rejected", "in_doubt"])
def test_what_meta_did_not_take_waits_again(state: str, admin_client: Client) -> None:
    event = EventFactory(**{state: True})

    messages = choose(admin_client, event)

    event.refresh_from_db()
    assert event.status == Status.PENDING
    assert messages == [("success", "1 event will be sent again.")]


@pytest.mark.parametrize("state", ["accepted", "withdrawn", "expired"])
def test_what_may_not_be_sent_again_is_left_alone(state: str, admin_client: Client) -> None:
    event = EventFactory(**{state: True}, deadline=timezone.now() - timedelta(minutes=1))

    messages = choose(admin_client, event)

    before, event.status = event.status, None
    event.refresh_from_db()
    assert event.status == before
    assert messages == [
        (
            "warning",
            "0 events will be sent again. 1 was left alone: accepted by Meta, waiting, withdrawn, or too old to send.",
        )
    ]


def test_a_mixed_choice_says_how_many_were_left_alone(admin_client: Client) -> None:
    messages = choose(admin_client, EventFactory(rejected=True), EventFactory(met=True), EventFactory())

    assert messages == [
        (
            "success",
            "1 event will be sent again. 2 were left alone: accepted by Meta, waiting, withdrawn, or too old to send.",
        )
    ]


def test_who_asked_is_written_down(admin_client: Client, admin_user: object) -> None:
    event = EventFactory(rejected=True)

    choose(admin_client, event)

    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (admin_user, str(event.pk))
    assert "resend" in entry.get_change_message().lower()


def test_only_what_is_resent_is_written_down(admin_client: Client) -> None:
    event = EventFactory(rejected=True)

    choose(admin_client, event, EventFactory(met=True))
    press(admin_client, event)

    assert [entry.object_id for entry in LogEntry.objects.all()] == [str(event.pk)]


def test_only_what_is_withdrawn_is_written_down(admin_client: Client) -> None:
    waiting, accepted = EventFactory(), EventFactory(met=True)

    for event in (waiting, accepted, waiting):
        admin_client.post(reverse("admin:django_capi_event_withdraw", args=[event.pk]))

    assert [(entry.object_id, entry.get_change_message()) for entry in LogEntry.objects.all()] == [
        (str(waiting.pk), "Withdrew it.")
    ]


def test_the_button_resends_one_event(admin_client: Client) -> None:
    event = EventFactory(rejected=True)
    page = admin_client.get(reverse("admin:django_capi_event_change", args=[event.pk])).content.decode()

    status = press(admin_client, event)

    event.refresh_from_db()
    assert reverse("admin:django_capi_event_resend", args=[event.pk]) in page
    assert (status, event.status) == (302, Status.PENDING)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param({"met": True}, id="accepted"),
        pytest.param({}, id="pending"),
        pytest.param({"rejected": True, "payload": ""}, id="without its text"),
        pytest.param({"expired": True, "deadline": timezone.now() - timedelta(days=1)}, id="too old"),
    ],
)
def test_there_is_no_button_where_it_would_do_nothing(made: dict[str, object], admin_client: Client) -> None:
    event = EventFactory(**made)

    page = admin_client.get(reverse("admin:django_capi_event_change", args=[event.pk])).content.decode()

    assert reverse("admin:django_capi_event_resend", args=[event.pk]) not in page


def refused_here(**columns: Any) -> Event:
    """A purchase without a currency, which was not sent."""
    event: Event = EventFactory(
        rejected=True,
        attempts=0,
        error_code=None,
        error_subcode=2804010,
        error_reason="custom_data.currency: A Purchase needs the currency in which it was paid; there is no default.",
        **columns,
    )
    event.payload = event.payload.replace(',"currency":"EUR"', "")
    event.save(update_fields=["payload"])
    return event


def test_what_meta_would_refuse_is_not_resent_and_the_reason_is_told(admin_client: Client) -> None:
    refused, alike, sound = refused_here(), refused_here(), EventFactory(rejected=True)

    ((level, message),) = choose(admin_client, refused, alike, sound)

    refused.refresh_from_db()
    assert (refused.status, refused.error_subcode) == (Status.REJECTED, 2804010)
    assert [entry.object_id for entry in LogEntry.objects.all()] == [str(sound.pk)]
    assert level == "success"
    assert message == (
        "1 event will be sent again. 2 were left alone, because Meta would refuse them. custom_data.currency: "
        "A Purchase needs the currency in which it was paid; there is no default."
    )


def test_the_page_of_what_was_refused_here_offers_nothing_and_says_so(admin_client: Client) -> None:
    event = refused_here()

    page = admin_client.get(reverse("admin:django_capi_event_change", args=[event.pk])).content.decode()

    assert "This one stays as it was stored, and is not sent while Meta would refuse it." in page
    assert "sends the same bytes again" not in page
    assert reverse("admin:django_capi_event_resend", args=[event.pk]) not in page
    assert reverse("admin:django_capi_event_resend_test", args=[event.pk]) not in page


def test_what_is_refused_here_no_longer_is_resent(admin_client: Client) -> None:
    """Its time has passed since, or this release knows that Meta takes it."""
    event = EventFactory(rejected=True, attempts=0)

    press(admin_client, event)

    event.refresh_from_db()
    assert event.status == Status.PENDING


def test_a_payload_that_cannot_be_read_is_not_resent(admin_client: Client) -> None:
    event = EventFactory(rejected=True, payload="not JSON")

    press(admin_client, event)

    event.refresh_from_db()
    assert event.status == Status.REJECTED


def test_the_button_is_a_post(admin_client: Client) -> None:
    event = EventFactory(rejected=True)

    assert admin_client.get(reverse("admin:django_capi_event_resend", args=[event.pk])).status_code == 405


@pytest.mark.parametrize("object_id", ["987654", "nonsense"])
def test_an_event_that_is_not_there_is_not_found(object_id: str, admin_client: Client) -> None:
    assert admin_client.post(reverse("admin:django_capi_event_resend", args=[object_id])).status_code == 404


def test_a_waiting_event_is_withdrawn_by_its_button(admin_client: Client) -> None:
    event = EventFactory()
    button = reverse("admin:django_capi_event_withdraw", args=[event.pk])
    page = admin_client.get(reverse("admin:django_capi_event_change", args=[event.pk])).content.decode()

    admin_client.post(button)

    event.refresh_from_db()
    assert button in page
    assert (event.status, event.payload) == (Status.WITHDRAWN, "")


def test_only_waiting_events_are_withdrawn(admin_client: Client) -> None:
    sent, waiting = EventFactory(met=True), EventFactory()
    chosen = {"action": "withdraw_selected", "_selected_action": [str(sent.pk), str(waiting.pk)]}

    response = admin_client.post(LIST, chosen)

    sent.refresh_from_db()
    assert sent.status == Status.ACCEPTED
    assert [str(message) for message in get_messages(response.wsgi_request)] == [
        "1 event was withdrawn and will not be sent. Only events that are waiting can be withdrawn."
    ]


def test_withdrawing_needs_its_permission(staff: Staff) -> None:
    event = EventFactory()
    client = staff("view_event", "resend_event")

    assert client.post(reverse("admin:django_capi_event_withdraw", args=[event.pk])).status_code == 403


@pytest.mark.parametrize("permissions", [("view_event",), ("resend_event",)], ids=["only viewing", "only resending"])
def test_the_button_needs_both_permissions(permissions: tuple[str, ...], staff: Staff) -> None:
    event = EventFactory(rejected=True)
    client = staff(*permissions)

    assert press(client, event) == 403
    event.refresh_from_db()
    assert event.status == Status.REJECTED


def test_the_action_is_not_offered_without_the_permission(staff: Staff) -> None:
    EventFactory(rejected=True)
    client = staff("view_event")

    assert "resend_selected" not in client.get(LIST).content.decode()


def test_the_action_works_with_the_permission(staff: Staff) -> None:
    event = EventFactory(rejected=True)
    client = staff("view_event", "resend_event")

    assert choose(client, event) == [("success", "1 event will be sent again.")]
