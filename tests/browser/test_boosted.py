"""Pages of boosted links and forms: htmx drops their <head>, and follows redirects without telling the script."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from django_capi.models import Event
from tests.support.pages import config, events

pytestmark = pytest.mark.django_db


def boosted(visitor: Client, address: str) -> Any:
    return visitor.get(address, HTTP_HX_REQUEST="true", HTTP_HX_BOOSTED="true")


def triggered(response: HttpResponse) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(response.headers["HX-Trigger"])["capi:track"]["events"]
    return found


def test_the_page_after_a_redirect_brings_the_copy_of_the_action(visitor: Client) -> None:
    visitor.post("/lead-and-redirect/", HTTP_HX_REQUEST="true", HTTP_HX_BOOSTED="true")

    handed = {event["event_name"]: event["event_id"] for event in triggered(boosted(visitor, "/page/"))}

    assert handed == dict(Event.objects.values_list("event_name", "event_id"))
    assert set(handed) == {"PageView", "Lead"}


def test_the_copy_is_handed_over_once(visitor: Client) -> None:
    visitor.post("/lead-and-redirect/")

    boosted(visitor, "/page/")

    assert "Lead" not in events(visitor.get("/page/"))


def test_copies_that_are_too_long_for_the_header_wait_for_the_next_full_page(visitor: Client) -> None:
    for _ in range(20):
        visitor.post("/lead-and-redirect/")

    handed = triggered(boosted(visitor, "/page/"))
    waiting = [event["event_name"] for event in config(visitor.get("/page/"))["events"]]

    assert [event["event_name"] for event in handed] == ["PageView"]
    assert waiting.count("Lead") == 20


@pytest.mark.parametrize("address", ["/cached/", "/public/"])
def test_a_page_that_a_cache_may_keep_leaves_the_copy_in_the_session(visitor: Client, address: str) -> None:
    visitor.post("/lead-and-redirect/")

    handed = triggered(boosted(visitor, address))

    assert [event["event_name"] for event in handed] == ["PageView"]
    assert "Lead" in events(visitor.get("/page/"))


def test_an_event_without_an_id_has_one_mark_in_the_page_and_in_the_header(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda _: None}

    response = boosted(visitor, "/page/")

    (handed,), (stands,) = triggered(response), config(response)["events"]
    assert handed["event_id"] is None
    assert handed["once"]
    assert handed == stands


def test_each_page_has_a_mark_of_its_own(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda _: None}

    marks = {events(visitor.get("/page/"))["PageView"]["once"] for _ in range(2)}

    assert len(marks) == 2
