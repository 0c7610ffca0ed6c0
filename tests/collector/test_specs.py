"""What the signed events of a page may do when they come back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from django_capi.browser import specs
from django_capi.models import Event
from tests.collector.posting import MINTED, mirrored, post, refused
from tests.conftest import FBP
from tests.support.pages import events

pytestmark = pytest.mark.django_db

OTHER_FBP = "fb.1.1596403881668.999"
CONVERSIONS = ["CompleteRegistration", "Donate", "Purchase", "StartTrial", "SubmitApplication", "Subscribe"]


@pytest.fixture
def stranger(newcomer: Client) -> Client:
    newcomer.cookies["_fbp"] = OTHER_FBP
    return newcomer


def later(days: int) -> time_machine.travel:
    return time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=days))


def test_a_name_of_the_sites_own_is_mirrored_with_the_servers_data(visitor: Client) -> None:
    spec = specs.sign("Bestellmuster", {"value": 20, "currency": "EUR"})

    answer = post(visitor, mirrored("Bestellmuster", spec=spec, custom_data={"value": 1}))

    assert answer.status_code == 204
    assert '"value":20' in Event.objects.get().payload


def test_a_spec_of_an_earlier_key_costs_no_event_that_any_browser_may_report(visitor: Client) -> None:
    answer = post(visitor, mirrored("ViewContent", spec="signed:with:another", custom_data={"value": 7}))

    assert refused(answer) == {}
    assert '"value":7' in Event.objects.get().payload


def test_a_spec_is_valid_for_a_week(visitor: Client) -> None:
    spec = specs.sign("ViewPromotion", {})

    with later(days=6):
        first = post(visitor, mirrored("ViewPromotion", spec=spec))
    with later(days=8):
        second = post(visitor, mirrored("ViewPromotion", "fedcba9876543210", spec=spec))

    assert (refused(first), refused(second)) == ({}, {0: "spec-not-valid-here"})
    assert Event.objects.count() == 1


def test_a_private_pages_spec_is_for_its_visitor(visitor: Client, stranger: Client) -> None:
    spec = specs.sign("ViewPromotion", {}, fbp=FBP)

    assert refused(post(stranger, mirrored("ViewPromotion", spec=spec))) == {0: "spec-not-valid-here"}
    assert refused(post(visitor, mirrored("ViewPromotion", spec=spec))) == {}


def test_an_event_that_needs_no_spec_takes_the_data_of_an_old_one_or_of_anothers(stranger: Client) -> None:
    spec = specs.sign("ViewContent", {"content_ids": ["A"]}, fbp=FBP)

    with later(days=30):
        answer = post(stranger, mirrored("ViewContent", spec=spec))

    assert answer.status_code == 204
    assert '"content_ids":["A"]' in Event.objects.get().payload


@pytest.mark.parametrize("event_name", CONVERSIONS)
def test_a_spec_for_everybody_makes_no_conversion(visitor: Client, event_name: str) -> None:
    answer = post(visitor, mirrored(event_name, spec=specs.sign(event_name, {})))

    assert refused(answer) == {0: "spec-not-valid-here"}
    assert not Event.objects.exists()


@pytest.mark.parametrize("fbp", [FBP, None], ids=["known", "not known yet"])
def test_any_number_of_replays_makes_one_purchase(visitor: Client, fbp: str | None) -> None:
    spec = specs.sign("Purchase", {"value": 20, "currency": "EUR"}, fbp=fbp, event_id=MINTED)

    answers = [post(visitor, mirrored("Purchase", f"{number:032x}", spec=spec)) for number in range(5)]
    answers += [post(visitor, mirrored("Purchase", MINTED, spec=spec)) for _ in range(5)]

    assert [refused(answer) for answer in answers] == [{0: "spec-not-valid-here"}] * 5 + [{}] * 5
    assert Event.objects.get().event_id == MINTED


def test_a_public_page_has_no_spec_for_a_conversion(
    visitor: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DEBUG = True
    settings.CAPI = {**settings.CAPI, "PAGE_IDS": "browser"}

    found = specs_of(visitor, "Subscribe")

    assert (found["spec"], found["event_id"]) == (None, None)
    assert "Subscribe is not fired: the page may be cached" in caplog.text


def test_a_site_may_let_browsers_report_a_conversion(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "PAGE_IDS": "browser", "BROWSER_EVENTS": ["Subscribe"]}
    spec = specs_of(visitor, "Subscribe")["spec"]

    assert post(visitor, mirrored("Subscribe", spec=spec)).status_code == 204
    assert Event.objects.get().event_name == "Subscribe"


def test_who_consents_on_the_thank_you_page_is_mirrored_once(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: None}
    event = specs_of(visitor, "Subscribe")
    settings.CAPI = {**settings.CAPI, "CONSENT": "django_capi.consent.always"}

    answers = [post(visitor, mirrored("Subscribe", event["mirror_id"], spec=event["spec"])) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [204] * 3
    assert Event.objects.get().event_id == event["mirror_id"]


def specs_of(client: Client, event_name: str) -> dict[str, Any]:
    return events(client.get(f"/event/{event_name}/"))[event_name]


@pytest.mark.parametrize("text", ["", "a:b:c", 5, None, [], "x" * 60_000], ids=repr)
def test_a_spec_that_this_server_has_not_signed_is_not_read(text: object) -> None:
    assert specs.read(text) is None
