from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.template.response import TemplateResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse

from django_capi.admin.events import EventAdmin
from django_capi.conversions import Conversion
from django_capi.models import ConversionState, Event, NotSent, Status
from tests.admin.conftest import Staff
from tests.site.models import Order
from tests.support.factories import PIXEL_ID, ConversionMarkFactory, EventFactory
from tests.support.registration import registering

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:django_capi_event_payload_helper")
FORM = {
    "event_name": "Purchase",
    "action_source": "website",
    "page": "https://shop.example.com/thanks/",
    "pixel": "main",
    "em": " Jane@Example.com ",
    "client_user_agent": "Mozilla/5.0",
    "value": "12.50",
    "currency": "EUR",
}
OTHER_PIXEL = "9876543210987654"
TWO_PIXELS = {"PIXELS": {"main": {"PIXEL_ID": PIXEL_ID}, "eu": {"PIXEL_ID": OTHER_PIXEL}}}
HASH = hashlib.sha256(b"jane@example.com").hexdigest()


class Purchase(Conversion[Order]):
    def happened(self, order: Order, /) -> bool:
        return True

    def user_data(self, order: Order, /) -> dict[str, object]:
        if order.total == 0:
            raise LookupError("jane@example.com")
        return {"email": "Jane@Example.com", "phone": "not a phone", "external_id": None}

    def custom_data(self, order: Order, /) -> dict[str, object]:
        return {"value": order.total, "currency": "EUR"}


def text(client: Client, **form: str) -> str:
    return client.post(PAGE, FORM | form).content.decode()


def test_typed_values_are_shown_raw_normalised_and_hashed(admin_client: Client) -> None:
    response = admin_client.post(PAGE, FORM)

    value = response.context["examined"].values[0]
    assert (value.given, value.normalized, value.sent) == (" Jane@Example.com ", "jane@example.com", HASH)
    assert HASH in response.content.decode()


def test_a_value_that_is_left_out_says_why(admin_client: Client) -> None:
    assert "does not look like one e-mail address" in text(admin_client, em="jane")


def test_the_rules_verdicts_are_shown(admin_client: Client) -> None:
    assert "no known objection" in text(admin_client)

    refused = text(admin_client, currency="", client_user_agent="")

    assert "refused" in refused
    assert "no known objection" not in refused


def test_nothing_is_sent_or_stored_by_looking(admin_client: Client) -> None:
    text(admin_client)

    assert not Event.objects.exists()


def test_typed_values_are_sent_as_a_test_event_when_asked_to(admin_client: Client) -> None:
    text(admin_client, send="1", code="TEST1")

    event = Event.objects.get()
    assert (event.status, event.test_event_code) == (Status.ACCEPTED, "TEST1")
    assert json.loads(event.payload)["user_data"]["em"] == HASH


def test_sending_needs_a_test_code(admin_client: Client) -> None:
    assert "Give a test code to send it." in text(admin_client, send="1")
    assert not Event.objects.exists()


def test_what_is_no_test_code_sends_nothing(admin_client: Client) -> None:
    assert "A test code is TEST followed by letters and digits" in text(admin_client, send="1", code="bad code!")
    assert not Event.objects.exists()


def test_sending_needs_the_permission_to_send_test_events(staff: Staff) -> None:
    client = staff("view_event", "view_payload")

    page = client.post(PAGE, FORM | {"send": "1", "code": "TEST1"}).content.decode()

    assert "Send as a test event" not in page
    assert not Event.objects.exists()


def test_the_token_is_in_no_copy(admin_client: Client) -> None:
    page = text(admin_client)

    assert "Bearer $TOKEN" in page
    assert "test-token" not in page


def test_the_python_copy_is_python(admin_client: Client, tmp_path: Path) -> None:
    script = tmp_path / "send.py"
    script.write_text(admin_client.post(PAGE, FORM).context["python"])

    done = subprocess.run([sys.executable, "-m", "py_compile", str(script)], check=False, capture_output=True)

    assert done.returncode == 0, done.stderr


def test_an_order_with_an_event_shows_the_stored_payload_and_what_became_of_it(admin_client: Client) -> None:
    ConversionMarkFactory(reference="R-4711", event_name="Lead", event_id="of-the-order")
    event = EventFactory(event_id="of-the-order", event_name="Lead", action_source="system_generated", rejected=True)
    EventFactory(event_id="of-the-order")  # under another name

    response = admin_client.get(PAGE, {"q": "#r-4711"})

    page = response.content.decode()
    assert response.context["examined"].payload == json.loads(event.payload)
    assert response.context["examined"].problems == []
    assert reverse("admin:django_capi_event_change", args=[event.pk]) in page
    assert "Meta refused the server copy (100 / 2804019): Meta refuses the currency." in page
    assert "no known objection" not in page
    assert "Rebuilt" not in page


def test_the_events_of_several_pixels_are_named_and_the_command_sends_to_the_right_one(admin_client: Client) -> None:
    ConversionMarkFactory(reference="R-4711", event_id="of-the-order")
    with override_settings(CAPI=TWO_PIXELS):
        EventFactory(event_id="of-the-order", accepted=True)
        EventFactory(event_id="of-the-order", pixel_id=OTHER_PIXEL, accepted=True)
        EventFactory(event_id="of-the-order", pixel_id="333", payload="", accepted=True)

        response = admin_client.get(PAGE, {"q": "R-4711"})

    assert [row.pixel for row in response.context["stored_events"]] == ["main", "333", "eu"]
    assert response.context["stored_for"] == "eu"
    assert f"/{OTHER_PIXEL}/events" in response.context["curl"]


def test_an_event_of_a_pixel_that_the_settings_lack_has_no_command(admin_client: Client) -> None:
    event = EventFactory(pixel_id="333")

    response = admin_client.get(PAGE, {"q": event.event_id})

    assert response.context["json"]
    assert response.context["curl"] == response.context["python"] == ""


def test_a_typed_event_s_command_sends_to_the_chosen_pixel(admin_client: Client) -> None:
    with override_settings(CAPI=TWO_PIXELS):
        response = admin_client.post(PAGE, FORM | {"pixel": "eu"})

    assert f"/{OTHER_PIXEL}/events" in response.context["curl"]


def test_an_order_whose_payload_is_gone_is_rebuilt_and_says_so(admin_client: Client) -> None:
    (order,) = Order.objects.bulk_create([Order()])
    mark = ConversionMarkFactory(object_ref=f"site.order:{order.pk}", event_id="of-the-order")
    event = EventFactory(event_id="of-the-order", object_ref=mark.object_ref, payload="", accepted=True)

    with registering(Order, Purchase):
        pages = [admin_client.get(PAGE, {"q": term}).content.decode() for term in (str(order.pk), "of-the-order")]

    for page in pages:
        assert "Rebuilt from the object as it is now." in page
        assert "The payload of the stored event has been removed." in page
        assert "It lacks what only the visitor" in page
        assert reverse("admin:django_capi_event_change", args=[event.pk]) in page


def test_a_conversion_without_an_event_is_rebuilt_and_says_why_it_was_not_sent(admin_client: Client) -> None:
    (order,) = Order.objects.bulk_create([Order()])
    not_sent = {"state": ConversionState.NOT_SENT, "reason": NotSent.DENIED, "event_id": ""}
    mark = ConversionMarkFactory(object_ref=f"site.order:{order.pk}", **not_sent)

    with registering(Order, Purchase):
        page = admin_client.get(PAGE, {"q": str(order.pk)}).content.decode()

    assert "Rebuilt from the object as it is now." in page
    assert "No event of this conversion is stored." in page
    assert reverse("admin:django_capi_conversionmark_change", args=[mark.pk]) in page
    assert "the customer declined" in page


def test_an_event_leads_to_its_page_and_is_not_called_rebuilt(admin_client: Client) -> None:
    event = EventFactory(met=True)

    page = admin_client.get(PAGE, {"q": event.event_id}).content.decode()

    assert reverse("admin:django_capi_event_change", args=[event.pk]) in page
    assert "What Meta would say if it were sent now" in page
    assert "Rebuilt" not in page


def test_a_conversion_that_one_may_not_view_is_no_link(staff: Staff) -> None:
    (order,) = Order.objects.bulk_create([Order()])
    mark = ConversionMarkFactory(object_ref=f"site.order:{order.pk}", event_id="")

    with registering(Order, Purchase):
        page = staff("view_event", "view_payload").get(PAGE, {"q": str(order.pk)}).content.decode()

    assert str(mark) in page
    assert reverse("admin:django_capi_conversionmark_change", args=[mark.pk]) not in page


def test_a_value_of_none_is_absent(admin_client: Client) -> None:
    (order,) = Order.objects.bulk_create([Order()])
    ConversionMarkFactory(object_ref=f"site.order:{order.pk}")

    with registering(Order, Purchase):
        values = admin_client.get(PAGE, {"q": str(order.pk)}).context["examined"].values

    assert [value.key for value in values] == ["em", "ph"]


def test_an_order_is_examined_with_its_customer_masked(admin_client: Client) -> None:
    (order,) = Order.objects.bulk_create([Order()])
    ConversionMarkFactory(object_ref=f"site.order:{order.pk}", reference="R-4711")

    with registering(Order, Purchase):
        response = admin_client.get(PAGE, {"q": "R-4711"})

    page = response.content.decode()
    email, phone = response.context["examined"].values
    assert (email.key, email.given, email.normalized, email.sent) == ("em", "J•••", "j•••", HASH)
    assert phone.left_out
    assert "jane@example.com" not in page.lower()


def test_an_order_whose_conversion_raises_says_so_without_the_error(admin_client: Client) -> None:
    (order,) = Order.objects.bulk_create([Order(total=0)])
    ConversionMarkFactory(object_ref=f"site.order:{order.pk}")

    with registering(Order, Purchase):
        page = admin_client.get(PAGE, {"q": str(order.pk)}).content.decode()

    assert "raised an error" in page
    assert "jane@example.com" not in page


def test_a_stored_event_is_examined(admin_client: Client) -> None:
    event = EventFactory(event_name="Purchase")

    page = admin_client.get(PAGE, {"q": event.event_id}).content.decode()

    assert event.event_id in page
    assert "What Meta would say" in page


def test_the_script_that_copies_has_the_nonce_of_the_page(rf: RequestFactory, admin_user: User) -> None:
    request = rf.get(PAGE, {"q": EventFactory().event_id})
    request.user = admin_user
    request.csp_nonce = "abc"  # type: ignore[attr-defined]  # as django-csp sets it

    page = EventAdmin(Event, site).payload_view(request)

    assert isinstance(page, TemplateResponse)
    html = page.render().content.decode()
    assert re.search(r'<script src="[^"]*django_capi/copy\.js" defer nonce="abc">', html)


def test_a_term_that_names_nothing_says_so(admin_client: Client) -> None:
    assert "There is no event with a payload" in admin_client.get(PAGE, {"q": "nothing"}).content.decode()


@pytest.mark.parametrize("permissions", [("view_event",), ("view_payload",)])
def test_it_needs_the_permissions_to_view_events_and_payloads(permissions: tuple[str, ...], staff: Staff) -> None:
    assert staff(*permissions).get(PAGE).status_code == 403
