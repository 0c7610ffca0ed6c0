"""What the payload helper says of the staff member's own request."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from django_capi.admin import own_request
from django_capi.models import Event
from django_capi.requests import visitor
from django_capi.requests.visitor import client_ip_address
from tests.admin.conftest import Staff
from tests.conftest import AGENT, FBP

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:django_capi_event_payload_helper")
ME = {"me": "1"}
VISITOR, PROXY, INNER, FORGED = "8.8.8.8", "203.0.113.9", "10.0.0.7", "6.6.6.6"


@pytest.fixture
def admin(admin_client: Client) -> Client:
    admin_client.defaults.update({"HTTP_USER_AGENT": AGENT, "REMOTE_ADDR": VISITOR})
    admin_client.cookies["_fbp"] = FBP
    return admin_client


def shown(client: Client, **headers: Any) -> own_request.OwnRequest:
    found: own_request.OwnRequest = client.get(PAGE, ME, **headers).context["own"]
    return found


def hops(rf: RequestFactory, forwarded: str, remote: str) -> list[own_request.Hop]:
    return own_request.hops(rf.get("/", HTTP_X_FORWARDED_FOR=forwarded, REMOTE_ADDR=remote))


def fact(found: own_request.OwnRequest, label: str) -> tuple[str, str]:
    return next((one.value, one.meaning) for one in found.facts if one.label == label)


class TestEvent:
    def test_it_is_the_event_that_tracking_would_store(self, admin: Client) -> None:
        response = admin.get(PAGE, ME)

        payload = response.context["examined"].payload
        assert payload["event_name"] == "PageView"
        assert payload["event_source_url"] == "http://testserver/"
        assert payload["user_data"]["fbp"] == FBP
        assert payload["user_data"]["client_ip_address"] == VISITOR
        assert payload["user_data"]["client_user_agent"] == AGENT
        assert payload["user_data"]["em"]
        assert "curl" in response.content.decode()

    def test_limited_data_use_is_in_it(self, admin: Client, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "GPC": "limit"}

        response = admin.get(PAGE, ME, HTTP_SEC_GPC="1")

        assert response.context["examined"].payload["data_processing_options"] == ["LDU"]
        assert "Limited Data Use" in fact(response.context["own"], "Consent")[1]

    def test_the_values_are_masked(self, admin: Client) -> None:
        response = admin.get(PAGE, ME)

        email = next(value for value in response.context["examined"].values if value.key == "em")
        assert (email.given, email.normalized) == ("a•••", "a•••")
        assert "admin@example.com" not in response.content.decode()

    def test_nothing_is_stored_or_sent(self, admin: Client) -> None:
        admin.get(PAGE, ME)

        assert not Event.objects.exists()

    def test_a_callable_of_the_site_that_raises_costs_only_its_values(self, admin: Client, settings: Settings) -> None:
        def broken(request: HttpRequest) -> None:
            raise LookupError("jane@example.com")

        settings.CAPI = {**settings.CAPI, "USER_DATA": broken}

        response = admin.get(PAGE, ME)

        assert "em" not in response.context["examined"].payload["user_data"]
        assert "jane@example.com" not in response.content.decode()

    def test_it_needs_the_permission_to_view_payloads(self, staff: Staff) -> None:
        assert staff("view_event").get(PAGE, ME).status_code == 403


class TestObstacles:
    @pytest.mark.parametrize(
        ("changes", "headers", "sentence"),
        [
            pytest.param({}, {"HTTP_USER_AGENT": "Googlebot/2.1"}, "Requests of crawlers are not", id="crawler"),
            pytest.param({}, {"HTTP_USER_AGENT": "curl/8.0"}, "Requests of programs have no", id="program"),
            pytest.param({"EXCLUDE": lambda request: True}, {}, "CAPI['EXCLUDE'] names this request.", id="excluded"),
            pytest.param({"CONSENT": lambda request: False}, {}, "The consent policy says no.", id="declined"),
            pytest.param({"CONSENT": lambda request: None}, {}, "neither accepted nor declined", id="not asked"),
            pytest.param({"CONSENT": None}, {}, "CAPI['CONSENT'] is not set", id="no policy"),
            pytest.param({"CONSENT": "django_capi.consent.never"}, {}, "django_capi.consent.never", id="never"),
            pytest.param({"CONSENT": lambda request: 1 / 0}, {}, "raised an error. The log names it.", id="raises"),
            pytest.param({}, {"HTTP_SEC_GPC": "1"}, "Your browser sends Sec-GPC: 1", id="signal"),
            pytest.param({"PIXEL_FOR": lambda request: []}, {}, "belongs to no pixel", id="no pixel"),
        ],
    )
    def test_nothing_would_be_sent_and_the_page_says_why(
        self, changes: dict[str, object], headers: dict[str, Any], sentence: str, admin: Client, settings: Settings
    ) -> None:
        settings.CAPI = {**settings.CAPI, **changes}

        response = admin.get(PAGE, ME, **headers)

        assert sentence in response.context["own"].obstacle
        assert response.context["own"].examined is None
        assert "nothing would be sent" in response.content.decode()

    def test_an_excluded_request_says_what_excluded_it(self, admin: Client) -> None:
        assert fact(shown(admin, HTTP_USER_AGENT="Googlebot/2.1"), "Excluded") == ("Googlebot", "")


class TestFacts:
    @pytest.mark.parametrize(
        ("cookie", "value", "meaning"),
        [
            (FBP, "sent", "Your browser's cookie _fbp, as it is."),
            ("junk", "not sent", "The cookie _fbp does not have Meta's form."),
            ("", "not sent", "Your browser has no cookie _fbp yet."),
        ],
        ids=["well formed", "malformed", "none"],
    )
    def test_the_browser_id_says_where_it_is_from(self, cookie: str, value: str, meaning: str, admin: Client) -> None:
        admin.cookies["_fbp"] = cookie
        if not cookie:
            del admin.cookies["_fbp"]

        found = fact(shown(admin), "fbp")

        assert found[0] == value
        assert found[1].startswith(meaning)

    @pytest.mark.parametrize(
        ("cookie", "query", "meaning"),
        [
            ("fb.1.1596403881668.AbCd", "", "Your browser's cookie _fbc, as it is."),
            ("junk", "", "The cookie _fbc does not have Meta's form."),
            ("", "&fbclid=AbCdEf", "Made of the fbclid in the address."),
            ("", "", "You have not come to the site through an ad"),
        ],
        ids=["well formed", "malformed", "new", "none"],
    )
    def test_the_click_id_says_where_it_is_from(self, cookie: str, query: str, meaning: str, admin: Client) -> None:
        if cookie:
            admin.cookies["_fbc"] = cookie

        own = admin.get(f"{PAGE}?me=1{query}").context["own"]

        assert fact(own, "fbc")[1].startswith(meaning)

    def test_the_pixels_are_named(self, admin: Client) -> None:
        assert fact(shown(admin), "Pixels") == ("main", "")


class TestHops:
    def test_without_trusted_proxies_the_header_is_ignored(self, rf: RequestFactory) -> None:
        first, last = hops(rf, VISITOR, PROXY)

        assert (first.is_taken, last.is_taken) == (False, True)
        assert "TRUSTED_PROXIES is 0" in first.meaning

    def test_the_address_that_the_outermost_proxy_saw_is_taken(self, rf: RequestFactory, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "TRUSTED_PROXIES": 2}

        forged, saw, proxy, connection = hops(rf, f"{FORGED}, {VISITOR}, {PROXY}", INNER)

        assert [hop.is_taken for hop in (forged, saw, proxy, connection)] == [False, True, False, False]
        assert "anyone can write it" in forged.meaning
        assert "outermost of your trusted proxies saw" in saw.meaning
        assert "One of your own proxies" in proxy.meaning
        assert "innermost of your proxies" in connection.meaning

    def test_a_header_that_is_too_short_points_to_the_setting(self, rf: RequestFactory, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "TRUSTED_PROXIES": 3}

        first, last = hops(rf, VISITOR, PROXY)

        assert "fewer addresses than there are trusted proxies" in first.meaning
        assert last.is_taken
        assert "too large" in last.meaning

    def test_what_is_no_address_is_not_taken(self, rf: RequestFactory, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "TRUSTED_PROXIES": 1}

        first, last = hops(rf, "unknown", PROXY)

        assert (first.is_taken, last.is_taken) == (False, True)
        assert "not an IP address" in first.meaning

    def test_without_the_extra_the_header_is_ignored(
        self, rf: RequestFactory, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.CAPI = {**settings.CAPI, "TRUSTED_PROXIES": 1}
        monkeypatch.setattr(visitor, "IpWare", None)

        first, last = hops(rf, VISITOR, PROXY)

        assert "the extra ip of django-capi is not installed" in first.meaning
        assert last.is_taken

    def test_a_socket_has_no_address(self, rf: RequestFactory) -> None:
        (only,) = hops(rf, "", "")

        assert not only.is_taken
        assert "No address is sent" in only.meaning

    def test_the_hop_that_is_marked_is_the_address_that_is_sent(self, rf: RequestFactory, settings: Settings) -> None:
        headers = ["", VISITOR, f"{FORGED}, {VISITOR}", f"{FORGED},{VISITOR}, {PROXY}", "junk", f"junk, {PROXY}", " , "]
        for proxies, forwarded, remote in product(range(4), headers, [INNER, PROXY, ""]):
            settings.CAPI = {**settings.CAPI, "TRUSTED_PROXIES": proxies}
            request = rf.get("/", HTTP_X_FORWARDED_FOR=forwarded, REMOTE_ADDR=remote)

            taken = [hop.address for hop in own_request.hops(request) if hop.is_taken]

            sent = client_ip_address(request)
            assert taken == ([sent] if sent else []), (proxies, forwarded, remote)
