from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings

from django_capi.consent import Consent
from django_capi.consent.decisions import decide
from django_capi.requests.visitor import client_ip_address, from_request, restored
from tests.conftest import AGENT, FBP

OURS = "10.0.0.5"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "6.6.6.6", OURS),
        (1, "8.8.8.8", "8.8.8.8"),
        (1, "6.6.6.6, 8.8.8.8", "8.8.8.8"),
        (2, "6.6.6.6, 8.8.8.8, 10.0.0.4", "8.8.8.8"),
        (2, "8.8.8.8", OURS),
        (1, "2a03:2880:f10c:83:face:b00c:0:25de", "2a03:2880:f10c:83:face:b00c:0:25de"),
        (1, "unknown", OURS),
        (1, "", OURS),
        (1, "8.8.8.8:4711", "8.8.8.8"),
    ],
    ids=["not trusted", "one hop", "forged left", "two hops", "too short", "IPv6", "no address", "absent", "port"],
)
def test_the_address_is_the_one_our_outermost_proxy_saw(
    rf: RequestFactory, settings: Settings, proxies: int, forwarded: str, expected: str
) -> None:
    settings.CAPI = {**settings.CAPI, "TRUSTED_PROXIES": proxies}
    request = rf.get("/", REMOTE_ADDR=OURS, HTTP_X_FORWARDED_FOR=forwarded)

    assert client_ip_address(request) == expected


def test_behind_a_unix_socket_the_forwarded_address_counts(rf: RequestFactory, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "TRUSTED_PROXIES": 1}

    assert client_ip_address(rf.get("/", REMOTE_ADDR="", HTTP_X_FORWARDED_FOR="8.8.8.8")) == "8.8.8.8"


def test_a_private_address_is_left_out_of_what_is_sent(rf: RequestFactory) -> None:
    visitor = from_request(rf.get("/", REMOTE_ADDR="192.168.1.4", HTTP_USER_AGENT=AGENT))

    assert "client_ip_address" not in visitor.user_data().payload()
    assert [item.key for item in visitor.user_data().left_out] == ["client_ip_address"]


def test_a_posted_form_happens_on_the_page_that_posts(rf: RequestFactory) -> None:
    visitor = from_request(rf.post("/form/send/", HTTP_REFERER="http://testserver/form/?name=Jane#part"))

    assert (visitor.event_source_url, visitor.referrer_url) == ("http://testserver/form/", None)


def test_an_htmx_request_happens_on_its_page(rf: RequestFactory) -> None:
    page = "http://testserver/shop/?utm_medium=cpc"

    visitor = from_request(rf.get("/part/", HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL=page))

    assert visitor.event_source_url == page


def test_a_page_of_another_site_is_not_ours(rf: RequestFactory) -> None:
    visitor = from_request(rf.post("/form/send/", HTTP_REFERER="https://evil.example.com/"))

    assert visitor.event_source_url == "http://testserver/form/send/"


def test_restrict_data_reduces_urls_to_their_origin(rf: RequestFactory, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "RESTRICT_DATA": True}

    visitor = from_request(rf.get("/illness/?utm_source=ad", HTTP_REFERER="https://www.example.com/search/cure/"))

    assert visitor.event_source_url in ("http://testserver", "http://testserver/")
    assert visitor.referrer_url in ("https://www.example.com", "https://www.example.com/")


def test_a_visitor_is_restored_from_a_snapshot_unchanged(rf: RequestFactory) -> None:
    request = rf.get("/", REMOTE_ADDR="8.8.8.8", HTTP_USER_AGENT=AGENT)
    request.COOKIES["_fbp"] = FBP
    visitor = from_request(request)

    assert restored({**visitor.stored(), "of_a_later_release": 1}) == visitor


def test_the_repr_of_a_visitor_shows_no_personal_data(rf: RequestFactory) -> None:
    visitor = from_request(rf.get("/", REMOTE_ADDR="8.8.8.8", HTTP_USER_AGENT=AGENT))

    assert repr(visitor) == "<Visitor: granted>"


@pytest.mark.parametrize(
    ("answer", "gpc", "meaning", "expected"),
    [
        (True, "", "deny", Consent.GRANTED),
        (False, "", "deny", Consent.DENIED),
        (None, "", "deny", Consent.UNKNOWN),
        (1, "", "deny", Consent.UNKNOWN),
        (True, "1", "deny", Consent.DENIED),
        (True, "1", "limit", Consent.LIMITED),
        (True, "1", "ignore", Consent.GRANTED),
        (None, "1", "limit", Consent.DENIED),
        (False, "1", "limit", Consent.DENIED),
        (True, "0", "deny", Consent.GRANTED),
    ],
)
def test_consent_is_one_decision_of_policy_and_signal(
    rf: RequestFactory, settings: Settings, answer: object, gpc: str, meaning: str, expected: Consent
) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": lambda request: answer, "GPC": meaning}

    assert decide(rf.get("/", HTTP_SEC_GPC=gpc)) is expected


def test_without_a_policy_no_visitor_has_consented(rf: RequestFactory, settings: Settings) -> None:
    settings.CAPI = {"PIXEL_ID": "1"}

    assert decide(rf.get("/")) is Consent.UNKNOWN


class Customer:
    """A user whose address is kept elsewhere, where it cannot be read now."""

    is_authenticated = True
    pk = 42
    first_name = "Ann"
    last_name = ""

    @property
    def email(self) -> str:
        raise LookupError("ann@example.com")


def test_a_field_of_the_user_that_raises_costs_that_field(rf: RequestFactory, caplog: pytest.LogCaptureFixture) -> None:
    request = rf.get("/")
    request.user = Customer()  # type: ignore[assignment]  # as some packages do

    contact = from_request(request, consent=Consent.GRANTED).contact

    assert set(contact or {}) == {"fn", "external_id"}
    assert "email of the signed-in user raised LookupError" in caplog.text
    assert "ann@" not in caplog.text


async def later(_request: HttpRequest) -> str:
    return "User-42"


@pytest.mark.parametrize("key", ["EXTERNAL_ID", "USER_DATA"])
def test_what_has_to_be_awaited_is_no_contact_data(
    key: str, rf: RequestFactory, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CAPI = {**settings.CAPI, key: later}

    assert from_request(rf.get("/"), consent=Consent.GRANTED).contact == {}
    assert f"CAPI['{key}'] raised AsyncFunction" in caplog.text
