"""The examples of the how-to guides do what the guides say."""

from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.test import Client, RequestFactory
from pytest_django import Settings

from django_capi.models import Event, Lane, Status
from django_capi.requests.routing import pixels_for
from django_capi.signals import lane_paused
from django_capi.testing import deliver_now
from django_capi.tracking import track
from tests.conftest import ADDRESS
from tests.support.snippets import ROOT, snippets_of
from tests.tracking.serving import serve
from tests.tracking.test_arguments import ANDROID


def example(page: str, part: str, **names: Any) -> dict[str, Any]:
    """What the snippet that contains this part defines."""
    [found] = [snippet for snippet in snippets_of(ROOT / "docs" / page) if part in snippet.code]
    exec(compile(found.code, str(found), "exec"), names)
    return names


@pytest.mark.parametrize(
    ("host", "chosen"), [("shop.example.de", ["2"]), ("shop.example.com", ["1"]), ("localhost", [])]
)
def test_a_request_and_an_order_lead_to_the_pixel_of_their_site(
    settings: Settings, rf: RequestFactory, host: str, chosen: list[str]
) -> None:
    settings.ALLOWED_HOSTS = [host]
    settings.CAPI = {
        "PIXELS": {"main": {"PIXEL_ID": "1", "ACCESS_TOKEN": "t"}, "germany": {"PIXEL_ID": "2", "ACCESS_TOKEN": "t"}},
        "PIXEL_FOR": example("how-to/pixels.md", "def pixels_for")["pixels_for"],
    }
    order = SimpleNamespace(site=SimpleNamespace(domain=host))

    found = [
        [pixel.pixel_id for pixel in pixels_for(subject)] for subject in (rf.get("/", HTTP_HOST=host), order, None)
    ]

    assert found == [chosen, chosen, []]


@pytest.mark.django_db
def test_a_mobile_app_is_tracked_as_an_app_without_a_session(settings: Settings) -> None:
    order = SimpleNamespace(
        customer=SimpleNamespace(allows_marketing=True),
        device=SimpleNamespace(allows_tracking=True, extinfo=ANDROID),
        email="ann@example.com",
        customer_id=7,
        total=20,
        currency="EUR",
    )
    names = example("how-to/mobile-api.md", "def checkout", track=track, place_order=lambda request: order)
    serve(settings, names["checkout"])

    answer = Client(HTTP_USER_AGENT="okhttp/4.9.0", REMOTE_ADDR=ADDRESS).post("/act/")

    event = Event.objects.get()
    assert (event.action_source, event.status) == ("app", Status.PENDING)
    assert not answer.cookies


@pytest.mark.django_db
def test_a_contact_form_is_a_lead_whose_copy_comes_with_the_next_page(settings: Settings, visitor: Client) -> None:
    names = example("how-to/leads-and-forms.md", "form.save()")
    names |= {"ContactForm": ContactForm, "redirect": lambda name: redirect("/page/")}
    serve(settings, names["contact"])

    visitor.post("/act/", {"email": "ann@example.com", "phone": "+49 30 23125 001"})

    event = Event.objects.get(event_name="Lead")
    assert hashlib.sha256(b"ann@example.com").hexdigest() in event.payload
    assert event.event_id in visitor.get("/page/").content.decode()


class ContactForm(forms.Form):
    email = forms.EmailField()
    phone = forms.CharField()

    def save(self) -> None:
        """As a form of a model would."""


@pytest.mark.django_db
def test_htmx_gets_the_copy_in_a_header(settings: Settings, visitor: Client) -> None:
    view = example(
        "how-to/single-page-and-htmx.md", "def add_to_cart", track=track, render=lambda *_: HttpResponse("1 item")
    )["add_to_cart"]
    serve(settings, lambda request: view(request, "tea"))

    answer = visitor.post("/act/", headers={"HX-Request": "true"})

    [copy] = json.loads(answer.headers["HX-Trigger"])["capi:track"]["events"]
    assert copy["event_id"] == Event.objects.get(event_name="AddToCart").event_id


def test_a_receiver_learns_that_a_lane_pauses() -> None:
    said: list[str] = []
    receiver = example("reference/signals.md", "lane_paused", alert=SimpleNamespace(delay=said.append))

    lane_paused.send(Lane, pixel_id="1", reason="The token is refused.", seconds=900)

    assert lane_paused.disconnect(receiver["page_the_operator"])
    assert said == ["Pixel 1 pauses for 900 seconds: The token is refused."]


@pytest.mark.django_db
def test_erasing_a_person_empties_what_could_still_be_sent() -> None:
    track("Lead", consent=True, user_data={"em": "ann@example.com", "external_id": "7"})
    erase = example("how-to/privacy.md", "def erase")["erase"]

    erase(SimpleNamespace(pk=7))
    deliver_now()

    event = Event.objects.get()
    assert (event.status, event.payload) == (Status.WITHDRAWN, "")
