"""Test mode sends one browser's events as test events, and no other browser's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from pytest_django import Settings

from django_capi.models import Event
from django_capi.requests import test_mode
from django_capi.testing import deliver_now, outbox
from tests.admin.conftest import Staff
from tests.conftest import ADDRESS, AGENT, FBP
from tests.site.models import Order

pytestmark = pytest.mark.django_db

URL = "/admin/django_capi/event/test-mode/"


@pytest.fixture
def tester(staff: Staff) -> Client:
    client = staff("view_event", "send_test_event")
    client.defaults.update(HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS)
    client.cookies["_fbp"] = FBP
    return client


def codes() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("test_event_code", flat=True))


def test_only_this_browsers_events_are_test_events(tester: Client, visitor: Client) -> None:
    answer = tester.post(URL, {"code": "TEST12345"}, follow=True)
    tester.post("/lead/")
    visitor.post("/lead/")

    assert "This browser is in test mode with the code TEST12345." in answer.content.decode()
    assert codes() == ["TEST12345", ""]
    deliver_now()
    assert [json.loads(request.body).get("test_event_code") for request in outbox] == ["TEST12345", None]


def test_an_order_that_the_bank_pays_later_is_one_as_well(tester: Client) -> None:
    tester.post(URL, {"code": "TEST12345"})
    pk = tester.post("/checkout/").json()["order"]

    Client(HTTP_USER_AGENT="CornerBank/1.0").post(f"/webhook/{pk}/")

    assert Order.objects.get(pk=pk).status == Order.PAID
    assert codes() == ["TEST12345"]


def test_it_can_be_ended(tester: Client) -> None:
    tester.post(URL, {"code": "TEST12345"})
    answer = tester.post(URL, {"stop": "1"}, follow=True)
    tester.post("/lead/")

    assert "is in test mode" not in answer.content.decode()
    assert codes() == [""]


def test_it_ends_by_itself_after_an_hour(tester: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    tester.post(URL, {"code": "TEST12345"})
    assert tester.cookies[test_mode.COOKIE]["max-age"] == test_mode.LIFETIME
    monkeypatch.setattr(test_mode, "LIFETIME", -1)

    tester.post("/lead/")

    assert codes() == [""]


@pytest.mark.parametrize(
    "value",
    ["TEST12345", signing.dumps("TEST12345", salt="another"), signing.dumps(["TEST"], salt=test_mode.SALT), "\x00"],
    ids=["plain", "another salt", "a list", "junk"],
)
def test_a_cookie_that_is_not_ours_says_nothing(visitor: Client, value: str) -> None:
    visitor.cookies[test_mode.COOKIE] = value

    visitor.post("/lead/")

    assert codes() == [""]


@pytest.mark.parametrize("code", ["", "TEST" + "1" * 17, "TEST\n1", "bad code!", "12345"])
def test_another_code_is_refused_with_a_word(tester: Client, code: str) -> None:
    answer = tester.post(URL, {"code": code})

    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert test_mode.COOKIE not in tester.cookies


@pytest.mark.parametrize("permissions", [(), ("view_event",), ("send_test_event",)], ids=str)
def test_it_takes_both_permissions(staff: Staff, permissions: Any) -> None:
    client = staff(*permissions)

    assert client.get(URL).status_code == 403


def test_the_list_leads_to_it(tester: Client) -> None:
    assert URL in tester.get("/admin/django_capi/event/").content.decode()


def test_the_code_of_the_settings_is_proposed(tester: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "TEST_EVENT_CODE": "TEST777"}

    assert 'value="TEST777"' in tester.get(URL).content.decode()
