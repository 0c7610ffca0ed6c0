"""Requests of native apps, and calls that name their pixels."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from django_capi.models import Event, Status
from django_capi.tracking import track
from tests.conftest import ADDRESS, FBP
from tests.support.pages import events
from tests.tracking.serving import serve
from tests.tracking.test_arguments import ANN, APP, PAID

pytestmark = pytest.mark.django_db

OKHTTP = "okhttp/4.9.0"


class TestNativeApp:
    """A checkout through an API: no cookie, no session, and the customer's own device."""

    @pytest.mark.parametrize(
        "agent",
        [OKHTTP, "Dart/3.0 (dart:io)", "Shop/1.0 CFNetwork/1410.0.3 Darwin/22.6.0", "Shop/3.2 (iPhone; iOS 17.1)"],
    )
    def test_it_is_stored_and_makes_no_session(self, settings: Settings, agent: str) -> None:
        serve(
            settings, lambda request: track("Purchase", request=request, app_data=APP, user_data=ANN, custom_data=PAID)
        )

        answer = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=ADDRESS).post("/act/")

        event = Event.objects.get()
        found = json.loads(event.payload)
        assert (event.action_source, event.status) == ("app", Status.PENDING)
        assert found["user_data"].items() >= {"client_ip_address": ADDRESS, "client_user_agent": agent}.items()
        assert "event_source_url" not in found
        assert not answer.cookies

    def test_a_signed_in_customer_is_known_without_app_data(self, settings: Settings, django_user_model: Any) -> None:
        user = django_user_model.objects.create_user("ann", "ann@example.com")

        def act(request: Any) -> str | None:
            request.user = user  # as a token would
            return track("Purchase", request=request, custom_data=PAID)

        serve(settings, act)

        answer = Client(HTTP_USER_AGENT=OKHTTP, REMOTE_ADDR=ADDRESS).post("/act/")

        found = json.loads(Event.objects.get().payload)
        assert found["action_source"] == "system_generated"
        assert found["user_data"].keys() == {"em", "external_id"}
        assert not answer.cookies

    def test_a_client_without_a_session_does_not_get_one_by_calling_often(self, settings: Settings) -> None:
        serve(settings, lambda request: track("AddToCart", request=request, action_source="other", user_data=ANN))
        client = Client(HTTP_USER_AGENT=OKHTTP)

        answers = [client.post("/act/") for _ in range(3)]

        assert Event.objects.count() == 3
        assert not any(answer.cookies for answer in answers)


class TestPixels:
    @pytest.fixture(autouse=True)
    def _two(self, settings: Settings) -> None:
        pixels = {"main": {"PIXEL_ID": "1"}, "eu": {"PIXEL_ID": "2"}}
        settings.CAPI = {**settings.CAPI, "PIXELS": pixels, "PIXEL_FOR": lambda subject: "main"}

    @pytest.mark.parametrize(
        ("given", "expected"),
        [(None, ["1"]), ("eu", ["2"]), (["eu"], ["2"]), (("eu", "main", "eu"), ["1", "2"])],
        ids=repr,
    )
    def test_a_call_may_name_its_pixels(self, given: Any, expected: list[str]) -> None:
        track("Lead", pixels=given, user_data=ANN, consent=True)

        assert sorted(Event.objects.values_list("pixel_id", flat=True)) == expected

    def test_both_copies_go_to_them(self, visitor: Client, settings: Settings) -> None:
        serve(settings, lambda request: track("Lead", request=request, pixels=["eu"]))
        visitor.post("/act/")

        copy = events(visitor.get("/page/"))["Lead"]

        assert copy["pixels"] == ["2"]
        assert [row.pixel_id for row in Event.objects.filter(event_name="Lead")] == ["2"]
        assert FBP in Event.objects.get(event_name="Lead").payload
