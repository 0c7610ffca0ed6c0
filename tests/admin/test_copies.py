from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from django_capi.consent import Consent
from django_capi.ledger import tallies, withdrawal
from django_capi.ledger.store import digest
from django_capi.models import Event, Status, Tally
from django_capi.testing import deliver_now, outbox
from tests.admin.conftest import Staff
from tests.support.factories import ConversionMarkFactory, EventFactory

pytestmark = pytest.mark.django_db

FBP = "fb.1.1596403881668.1116446470"
TEST_EVENTS = reverse("admin:django_capi_event_test_events")


def address(event: Event) -> str:
    return reverse("admin:django_capi_event_change", args=[event.pk])


def copy(client: Client, event: Event, code: str = "TEST123") -> str:
    """What staff are told."""
    answer = client.post(reverse("admin:django_capi_event_resend_test", args=[event.pk]), {"code": code})
    assert answer.status_code == 302
    *_earlier, message = get_messages(answer.wsgi_request)
    return str(message)


def copies() -> list[Event]:
    return list(Event.objects.exclude(test_event_code="").order_by("pk"))


def test_a_copy_is_sent_and_the_event_stays_as_it_is(admin_client: Client) -> None:
    event = EventFactory(rejected=True, object_ref="shop.order:7", server_fbp=digest(FBP))
    before = Event.objects.values().get(pk=event.pk)

    copy(admin_client, event)

    (made,) = copies()
    assert Event.objects.values().get(pk=event.pk) == before
    assert (made.status, made.test_event_code, made.attempts, made.object_ref) == (Status.PENDING, "TEST123", 0, "")
    assert (made.event_name, made.pixel_id, made.server_fbp) == (event.event_name, event.pixel_id, event.server_fbp)


def test_the_copy_has_the_same_payload_under_an_id_of_its_own(admin_client: Client) -> None:
    event = EventFactory(rejected=True)

    copy(admin_client, event)

    (made,) = copies()
    assert made.event_id.startswith("test-")
    assert len(made.event_id) == len("test-") + 32
    assert made.payload == event.payload.replace(event.event_id, made.event_id)


def test_the_copy_keeps_the_times_of_the_event(admin_client: Client) -> None:
    now = timezone.now()
    event = EventFactory(
        rejected=True,
        event_time=int(now.timestamp()) - 86400,
        deadline=now + timedelta(hours=1),
        consented_at=now - timedelta(days=2),
    )

    copy(admin_client, event)

    (made,) = copies()
    event.refresh_from_db()
    assert (made.event_time, made.deadline) == (event.event_time, event.deadline)
    assert made.consented_at == event.consented_at


def test_a_lost_event_stays_in_every_figure(admin_client: Client) -> None:
    event = EventFactory(rejected=True, value=20, currency="EUR")
    tallies.refresh()
    before = list(Tally.objects.order_by("pk").values_list("status", "events", "value"))

    copy(admin_client, event)
    tallies.refresh()

    assert list(Tally.objects.order_by("pk").values_list("status", "events", "value")) == before


def test_the_answer_leads_to_the_copy_and_to_the_test_events(admin_client: Client) -> None:
    event = EventFactory(rejected=True)

    said = copy(admin_client, event)

    (made,) = copies()
    assert f'<a href="{address(made)}">{made.event_id}</a>' in said
    assert f'<a href="{TEST_EVENTS}">Test events</a>' in said
    assert made.event_id in LogEntry.objects.get(object_id=str(event.pk)).get_change_message()
    assert made.event_id in admin_client.get(TEST_EVENTS).content.decode()


def test_a_second_click_sends_no_second_copy_while_the_first_one_waits(admin_client: Client) -> None:
    event = EventFactory(rejected=True)
    of_that_second = EventFactory(
        rejected=True, event_time=event.event_time, payload=event.payload.replace("Mozilla", "Opera")
    )

    copy(admin_client, of_that_second)
    first, second = copy(admin_client, event), copy(admin_client, event)

    assert "A copy will be sent" in first
    assert second == "No other copy is sent: one with this payload and test code is waiting already."
    assert len(copies()) == 2
    assert LogEntry.objects.filter(object_id=str(event.pk)).count() == 1


def test_after_the_answer_to_the_first_copy_there_can_be_another_one(admin_client: Client) -> None:
    event = EventFactory(rejected=True)

    copy(admin_client, event)
    Event.objects.filter(pk=copies()[0].pk).update(status=Status.REJECTED)
    copy(admin_client, event)

    assert [made.status for made in copies()] == [Status.REJECTED, Status.PENDING]


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        pytest.param({"withdrawn": True}, "the event was withdrawn", id="withdrawn"),
        pytest.param({"rejected": True, "payload": ""}, "payload of the event has been removed", id="pruned"),
        pytest.param({"rejected": True, "consent": Consent.DENIED}, "there was no consent", id="declined"),
        pytest.param({"met": True}, "waits to be sent, or Meta has accepted it", id="accepted"),
        pytest.param({}, "waits to be sent, or Meta has accepted it", id="pending"),
        pytest.param(
            {"rejected": True, "deadline": timezone.now() - timedelta(days=1)}, "the event is too old", id="too old"
        ),
    ],
)
def test_where_no_copy_can_be_sent_it_says_why(made: dict[str, Any], sentence: str, admin_client: Client) -> None:
    assert sentence in copy(admin_client, EventFactory(**made))
    assert copies() == []
    assert not LogEntry.objects.exists()


def test_no_copy_is_sent_of_what_meta_would_refuse(admin_client: Client) -> None:
    event = EventFactory(rejected=True)
    Event.objects.filter(pk=event.pk).update(payload=event.payload.replace(',"currency":"EUR"', ""))

    assert copy(admin_client, event) == (
        "No copy is sent, because Meta would refuse it. custom_data.currency: "
        "A Purchase needs the currency in which it was paid; there is no default."
    )
    assert copies() == []


def test_no_copy_is_sent_of_a_visitor_who_has_withdrawn(admin_client: Client) -> None:
    event = EventFactory(rejected=True, server_fbp=digest(FBP))
    withdrawal.withdraw(fbps=[FBP])

    assert "its visitor has withdrawn consent" in copy(admin_client, event)
    assert copies() == []


def test_the_copy_is_sent_with_the_code(admin_client: Client) -> None:
    event = EventFactory(rejected=True)
    copy(admin_client, event)

    deliver_now()

    (made,) = copies()
    (request,) = outbox
    body = json.loads(request.body)
    assert made.status == Status.ACCEPTED
    assert (body["test_event_code"], body["data"]) == ("TEST123", [json.loads(made.payload)])


def test_a_copy_that_waits_is_not_sent_after_a_withdrawal(admin_client: Client) -> None:
    copy(admin_client, EventFactory(rejected=True, server_fbp=digest(FBP)))
    withdrawal.withdraw(fbps=[FBP])

    deliver_now()

    (made,) = copies()
    assert (made.status, made.payload, outbox) == (Status.WITHDRAWN, "", [])


def test_it_is_no_near_miss_of_the_event(admin_client: Client) -> None:
    event = EventFactory(rejected=True, server_fbp=digest(FBP))

    copy(admin_client, event)

    (made,) = copies()
    assert admin_client.get(address(event)).context["capi_near_misses"] == []
    assert admin_client.get(address(made)).context["capi_near_misses"] == []


def test_it_is_no_second_purchase_of_the_order(admin_client: Client) -> None:
    event = EventFactory(rejected=True, object_ref="shop.order:7")
    ConversionMarkFactory(object_ref="shop.order:7", event_id=event.event_id)

    copy(admin_client, event)

    found = admin_client.get(reverse("admin:django_capi_event_changelist"), {"q": "shop.order:7"})
    assert list(found.context["cl"].result_list) == [event]


def test_what_is_no_test_code_sends_nothing(admin_client: Client) -> None:
    event = EventFactory(rejected=True)

    said = copy(admin_client, event, code="bad code!")

    assert said == "A test code is TEST followed by letters and digits, such as TEST12345."
    assert copies() == []


def test_it_needs_the_permission_to_send_test_events(staff: Staff) -> None:
    event = EventFactory(rejected=True)
    client = staff("view_event", "resend_event")

    status = client.post(reverse("admin:django_capi_event_resend_test", args=[event.pk]), {"code": "TEST1"}).status_code

    assert status == 403
