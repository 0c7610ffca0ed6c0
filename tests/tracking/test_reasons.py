"""`None` comes back with a reason in the log, and under DEBUG with what to write instead."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings

from django_capi.models import Event
from django_capi.tracking import hints, track
from django_capi.types import CustomEvent, UserDataDict, with_properties
from tests.conftest import ADDRESS, AGENT, FBP
from tests.tracking.serving import GOOGLEBOT, serve

pytestmark = pytest.mark.django_db

ANN: UserDataDict = {"em": "ann@example.com"}
BROWSER: dict[str, Any] = {"HTTP_USER_AGENT": AGENT, "REMOTE_ADDR": ADDRESS}
PAID_IN_RED = with_properties({"value": 1, "currency": "EUR"}, colour="red")
PIXELS = {"main": {"PIXEL_ID": "1"}}


def unreadable(subject: object) -> str:
    raise AttributeError("'NoneType' object has no attribute 'ann@example.com'")


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None, str, str]] = {
    "said no": ({}, {"consent": False}, BROWSER, "consent=False", ""),
    "denied": ({"CONSENT": lambda request: False}, {}, BROWSER, "policy says no for this visitor", ""),
    "denied, said yes": ({"CONSENT": lambda request: False}, {"consent": True}, BROWSER, "does not overrule", ""),
    "unknown": ({"CONSENT": lambda request: None}, {}, BROWSER, "has no answer", "consent=True"),
    "failing policy": ({"CONSENT": unreadable}, {}, BROWSER, "raised an error", ""),
    "no policy": ({"CONSENT": None}, {}, BROWSER, 'CAPI["CONSENT"] is not set', "django_capi.consent.always"),
    "never": ({"CONSENT": "django_capi.consent.never"}, {}, BROWSER, "consent.never", ""),
    "never, nobody": ({"CONSENT": "django_capi.consent.never"}, {"consent": True}, None, "consent.never", ""),
    "signal": ({}, {}, {**BROWSER, "HTTP_SEC_GPC": "1"}, "Sec-GPC", 'CAPI["GPC"]'),
    "nobody": ({"CONSENT": lambda request: True}, {}, None, "no request and no consent", "request=request"),
    "crawler": ({}, {}, {"HTTP_USER_AGENT": GOOGLEBOT}, "crawler", ""),
    "excluded": ({"EXCLUDE": lambda request: True}, {}, BROWSER, "EXCLUDE", ""),
    "program": ({}, {"user_data": None}, {"HTTP_USER_AGENT": "curl/8"}, "identifies the customer", "action_source"),
    "no pixel": ({"PIXEL_ID": ""}, {}, BROWSER, "no pixel", 'CAPI["PIXEL_ID"]'),
    "no choice": ({"PIXELS": PIXELS, "PIXEL_FOR": lambda subject: None}, {}, BROWSER, "no pixel", 'pixels=["main"]'),
    "bad choice": ({"PIXELS": PIXELS, "PIXEL_FOR": unreadable}, {"consent": True}, None, "no pixel", "pixels="),
    "odd choice": ({"PIXELS": PIXELS, "PIXEL_FOR": lambda subject: 5}, {}, BROWSER, "no pixel", "PIXEL_FOR"),
    "visitor": ({}, {"visitor": "visitor:" + "0" * 32}, None, "visitor is not stored", "capture_visitor(request)"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("is_debug", [False, True], ids=["production", "debug"])
def test_every_none_has_its_reason(
    rf: RequestFactory, settings: Settings, caplog: pytest.LogCaptureFixture, case: str, is_debug: bool
) -> None:
    caplog.set_level(logging.INFO)
    changes, options, headers, reason, advice = CASES[case]
    settings.DEBUG = is_debug
    settings.CAPI = {**settings.CAPI, **changes}
    request = None if headers is None else rf.post("/", **headers)

    event_id = track("Lead", **{"request": request, "user_data": ANN, **options})

    record = next(record for record in caplog.records if "is not sent" in record.getMessage())
    assert event_id is None
    assert not Event.objects.exists()
    assert record.getMessage().startswith("Lead is not sent: ")
    assert reason in record.getMessage()
    assert record.levelno == (logging.WARNING if is_debug or case == "nobody" else logging.INFO)
    assert advice in record.getMessage() or not is_debug
    assert "ann@example.com" not in caplog.text


def test_a_reason_has_no_data_of_the_visitor(rf: RequestFactory, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    request = rf.post("/", HTTP_COOKIE=f"_fbp={FBP}", **BROWSER)

    track("Lead", request=request, consent=False, user_data=ANN)

    assert not any(part in caplog.text for part in (ADDRESS, AGENT, FBP, "ann@"))


def test_a_pixel_that_is_not_there_is_named(
    rf: RequestFactory, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CAPI = {**settings.CAPI, "PIXELS": PIXELS, "PIXEL_FOR": lambda subject: ["mian", "main"]}

    event_id = track("Lead", request=rf.post("/", **BROWSER))

    assert Event.objects.get().event_id == event_id
    assert "'mian'" in caplog.text


def test_an_event_that_is_refused_says_field_and_rule_also_in_production(caplog: pytest.LogCaptureFixture) -> None:
    track("Lead", consent=True, event_time="ann@example.com", user_data=ANN)  # type: ignore[arg-type]

    assert "event_time: must be a datetime or Unix seconds" in caplog.text
    assert "ann@example.com" not in caplog.text


def test_in_a_view_an_event_without_its_request_is_noticed(
    visitor: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DEBUG = True
    serve(settings, lambda request: track("Lead", user_data=ANN))

    visitor.post("/act/")

    assert "track(…, request=request)" in caplog.text


def test_a_reference_that_is_none_is_an_invalid_argument(settings: Settings) -> None:
    settings.DEBUG = True

    with pytest.raises(ValueError, match=r"capture_visitor\(request\)"):
        track("Lead", visitor="somebody", consent=True)


class TestNearMisses:
    @pytest.fixture(autouse=True)
    def _debug(self, settings: Settings) -> None:
        settings.DEBUG = True
        hints.log_once.cache_clear()

    @pytest.mark.parametrize(
        ("name", "meant"),
        [("lead", "Lead"), ("Purchas", "Purchase"), ("add_to_cart", "AddToCart"), ("VIEW CONTENT", "ViewContent")],
    )
    def test_a_name_that_is_nearly_a_standard_one_is_legal_and_noticed(
        self, caplog: pytest.LogCaptureFixture, name: str, meant: str
    ) -> None:
        assert track(CustomEvent(name), consent=True, user_data=ANN)

        assert f"'{meant}'" in caplog.text
        assert Event.objects.get().event_name == name

    @pytest.mark.parametrize("name", ["Lead", "Purchase", "PageView", "OrderShipped", "Newsletter", "QuizDone"])
    def test_other_names_are_not_noticed(self, caplog: pytest.LogCaptureFixture, name: str) -> None:
        track(CustomEvent(name), consent=True, user_data=ANN, custom_data=PAID_IN_RED)

        assert not caplog.records

    @pytest.mark.parametrize(
        ("key", "meant"), [("valeu", "value"), ("Currency", "currency"), ("content_id", "content_ids")]
    )
    def test_a_key_that_is_nearly_a_parameter_is_noticed(
        self, caplog: pytest.LogCaptureFixture, key: str, meant: str
    ) -> None:
        track("Lead", consent=True, user_data=ANN, custom_data={key: 1})  # type: ignore[arg-type]

        assert f"custom_data['{key}']" in caplog.text
        assert f"'{meant}'" in caplog.text

    @pytest.mark.parametrize(
        ("key", "meant"),
        [
            ("email_address", "em"),
            ("emial", "em"),
            ("lastName", "ln"),
            ("phoneNumber", "ph"),
            ("postal_code", "zp"),
            ("externalId", "external_id"),
            ("dob", "db"),
        ],
    )
    def test_a_key_that_is_nearly_a_persons_is_noticed(
        self, caplog: pytest.LogCaptureFixture, key: str, meant: str
    ) -> None:
        track("Lead", consent=True, user_data={**ANN, key: "x"})  # type: ignore[arg-type]

        assert f"Write user_data['{meant}']" in caplog.text

    def test_each_near_miss_is_logged_once(self, caplog: pytest.LogCaptureFixture) -> None:
        for _ in range(3):
            track(CustomEvent("lead"), consent=True, user_data=ANN)

        assert caplog.text.count("'Lead'") == 1

    def test_production_logs_no_near_misses(self, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
        settings.DEBUG = False
        misspelt: Any = {"user_data": {**ANN, "email_address": "x"}, "custom_data": {"valeu": 1}}

        track(CustomEvent("lead"), consent=True, **misspelt)

        assert not caplog.records
