"""A policy's answer in a request: what is stored, what the page says, what counts as a withdrawal."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from pytest_django import Settings

from django_capi.consent import Consent
from django_capi.models import Event, Withdrawal
from tests.consent.test_banners import CLOSED, COOKIEBOT, COOKIEYES, ONETRUST, klaro, vanilla
from tests.support.pages import config

pytestmark = pytest.mark.django_db

YES_AND_NO = {
    "cookiebot": ("CookieConsent", COOKIEBOT.format("true"), COOKIEBOT.format("false")),
    "onetrust": ("OptanonConsent", ONETRUST.format(1), ONETRUST.format(0)),
    "cookieyes": (
        "cookieyes-consent",
        COOKIEYES.format("yes", "yes", "yes"),
        COOKIEYES.format("no", "yes", "no"),
    ),
    "vanilla_cookieconsent": ("cc_cookie", vanilla("marketing"), vanilla()),
    "klaro": ("klaro", klaro(**{"meta-pixel": True}), klaro(**{"meta-pixel": False})),
}
banners = pytest.mark.parametrize("banner", YES_AND_NO)


def named(settings: Settings, banner: str) -> tuple[str, str, str]:
    settings.CAPI = {**settings.CAPI, "CONSENT": f"django_capi.consent.{banner}"}
    return YES_AND_NO[banner]


@banners
def test_a_yes_in_the_cookie_stores_the_page_view(visitor: Client, settings: Settings, banner: str) -> None:
    name, yes, _ = named(settings, banner)
    visitor.cookies[name] = yes

    response = visitor.get("/page/")

    assert config(response)["consent"] is True
    assert Event.objects.get().consent == Consent.GRANTED


@banners
def test_a_cookie_that_is_gone_stores_nothing_and_withdraws_nothing(
    visitor: Client, settings: Settings, banner: str
) -> None:
    named(settings, banner)

    response = visitor.get("/page/")

    assert config(response)["consent"] is False
    assert (Event.objects.count(), Withdrawal.objects.count()) == (0, 0)
    assert "_fbp" not in response.cookies


@banners
def test_a_no_after_a_yes_withdraws(visitor: Client, settings: Settings, banner: str) -> None:
    name, _, no = named(settings, banner)
    for cookie, value in {name: no, **CLOSED}.items():
        visitor.cookies[cookie] = value

    response = visitor.get("/page/")

    assert Withdrawal.objects.exists()
    assert (response.cookies["_fbp"].value, Event.objects.count()) == ("", 0)


@pytest.mark.parametrize(
    ("gpc", "told", "stored"),
    [
        pytest.param("deny", (False, False), [], id="deny"),
        pytest.param("limit", (True, True), [Consent.LIMITED], id="limit"),
        pytest.param("ignore", (True, False), [Consent.GRANTED], id="ignore"),
    ],
)
def test_the_visitors_signal_holds_for_both_copies_whatever_the_banner_says(
    visitor: Client, settings: Settings, gpc: str, told: tuple[bool, bool], stored: list[Consent]
) -> None:
    name, yes, _ = named(settings, "cookiebot")
    settings.CAPI = {**settings.CAPI, "GPC": gpc}
    visitor.cookies[name] = yes

    page = config(visitor.get("/page/", HTTP_SEC_GPC="1"))

    assert (page["consent"], page["limited"]) == told
    assert list(Event.objects.values_list("consent", flat=True)) == stored
    assert not Withdrawal.objects.exists()


class TestLimitedDataUse:
    """A policy may choose Meta's Limited Data Use for a request: it counts in both copies."""

    @pytest.fixture(autouse=True)
    def _policy(self, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: Consent.LIMITED}

    def test_the_server_copy_carries_the_options(self, visitor: Client) -> None:
        visitor.get("/page/")

        stored = Event.objects.get()
        payload = json.loads(stored.payload)
        assert stored.consent == Consent.LIMITED
        assert payload["data_processing_options"] == ["LDU"]
        assert payload["data_processing_options_country"] == payload["data_processing_options_state"] == 0

    @pytest.mark.parametrize("address", ["/page/", "/capi/visitor/"])
    def test_the_browser_is_told(self, visitor: Client, address: str) -> None:
        response: Any = visitor.get(address)

        told = config(response) if address == "/page/" else response.json()
        assert (told["consent"], told["limited"]) == (True, True)

    @pytest.mark.parametrize(
        ("gpc", "expected"),
        [("deny", []), ("limit", [Consent.LIMITED]), ("ignore", [Consent.LIMITED])],
        ids=["deny", "limit", "ignore"],
    )
    def test_the_visitors_signal_may_tighten_it(
        self, visitor: Client, settings: Settings, gpc: str, expected: list[Consent]
    ) -> None:
        settings.CAPI = {**settings.CAPI, "GPC": gpc}

        visitor.get("/page/", HTTP_SEC_GPC="1")

        assert list(Event.objects.values_list("consent", flat=True)) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Consent.GRANTED, [Consent.GRANTED]),
        (Consent.DENIED, []),
        (Consent.UNKNOWN, []),
        (3, []),
        ("yes", []),
    ],
    ids=["granted", "denied", "unknown", "number", "text"],
)
def test_only_a_clear_answer_counts(
    visitor: Client, settings: Settings, answer: object, expected: list[Consent]
) -> None:
    def policy(request: HttpRequest) -> object:
        return answer

    settings.CAPI = {**settings.CAPI, "CONSENT": policy}

    visitor.get("/page/")

    assert list(Event.objects.values_list("consent", flat=True)) == expected


def test_a_policy_that_denies_by_its_enum_withdraws(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: Consent.DENIED}

    visitor.get("/page/")

    assert Withdrawal.objects.exists()
