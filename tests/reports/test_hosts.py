"""The host of an event's page is read from its payload, and compared with the site's settings."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from django_capi.models import Diagnostic, Event
from django_capi.reports.diagnostics.gather import gather
from django_capi.reports.diagnostics.hosts import unknown_host
from django_capi.tracking import track
from tests.reports.faults import refresh
from tests.support.factories import PIXEL_ID

LANDING = '{"event_name":"Lead","event_source_url":"https://landing.example/tea/","user_data":{}}'


@pytest.mark.parametrize(
    ("address", "host"),
    [
        pytest.param("https://landing.example/tea/?utm_source=x", "landing.example", id="another host"),
        pytest.param("http://landing.example:8443", "landing.example", id="with a port"),
        pytest.param("https://notshop.example/", "notshop.example", id="a host that ends alike"),
        pytest.param("https://[2001:db8::1]:8000/", "[2001:db8::1]", id="an address of IPv6"),
        pytest.param("https://shop.example/", "", id="its own host"),
        pytest.param("https://www.shop.example:8443/", "", id="a subdomain"),
        pytest.param("https://front.example/", "", id="a trusted origin"),
        pytest.param("https://a.tenant.example/", "", id="a trusted wildcard"),
        pytest.param("app://landing.example/", "", id="no address of the web"),
    ],
)
def test_a_host_is_unknown_unless_the_settings_name_it(address: str, host: str, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = [".shop.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://front.example:8443", "https://*.tenant.example"]

    assert unknown_host(LANDING.replace("https://landing.example/tea/", address)) == host


@pytest.mark.parametrize(
    ("allowed", "debug", "host"),
    [
        pytest.param(["*"], False, "", id="any host"),
        pytest.param([], False, "", id="a worker without hosts"),
        pytest.param([], True, "landing.example", id="in development"),
    ],
)
def test_a_site_that_names_no_host_knows_no_unknown_one(
    allowed: list[str], debug: bool, host: str, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS, settings.DEBUG = allowed, debug

    assert unknown_host(LANDING) == host
    assert unknown_host(LANDING.replace("landing.example", "shop.localhost")) == ""


@pytest.mark.parametrize(
    "payload",
    [
        "",
        '{"event_name":"Lead"}',
        '{"custom_data":{"note":"\\"event_source_url\\":\\"https://landing.example/"}}',
    ],
    ids=["removed", "without a page", "in a string"],
)
def test_a_payload_without_a_page_has_no_host(payload: str, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["shop.example"]

    assert unknown_host(payload) == ""


@pytest.mark.django_db
def test_the_url_of_a_tracked_event_is_examined(settings: Settings, visitor: Client) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    visitor.get("/page/")
    person: dict[str, Any] = {"user_data": {"em": "jané@example.com"}, "consent": True}
    track(
        "Lead", url="https://www.landing.example/tee/münchen/", custom_data={"content_name": "Tee für zwei"}, **person
    )
    track("Lead", url="https://landing.example/", **person)
    track("Lead", url="https://landing.example/about/", **person)

    refresh()

    [found] = Diagnostic.objects.filter(code="new_domain")
    assert (found.pixel_id, found.affected, found.total) == (PIXEL_ID, 3, 4)
    assert found.detail == "landing.example www.landing.example"


@pytest.mark.django_db
def test_the_address_is_found_wherever_the_payload_has_it(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["shop.example"]
    track("Lead", url="https://landing.example/", user_data={"em": "ann@example.com"}, consent=True)
    Event.objects.update(payload=f'{{"event_name":"{"é" * 5000}",{LANDING[1:-1]},"note":"{"x" * 5000}"}}')

    [row] = gather(timezone.now()).rows

    assert row.unknown_host == "landing.example"
