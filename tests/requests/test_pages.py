"""The page of an event is the site's own URL pattern, and never what a visitor's address adds to it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.test import override_settings
from django.urls import converters, include, path, re_path, register_converter, set_script_prefix, set_urlconf
from django.utils.translation import gettext_lazy as _
from pytest_django import Settings

from django_capi.requests import pages
from django_capi.requests.pages import LONGEST, LONGEST_PATH, page_of


class Failing(converters.StringConverter):
    def to_python(self, value: str) -> str:
        raise RuntimeError(value)


if "failing" not in converters.get_converters():
    register_converter(Failing, "failing")


def view(request: object, **parts: object) -> HttpResponse:
    return HttpResponse()


nested = [path("<int:year>/<slug:slug>/", view), re_path(r"^archive/(?P<page>[0-9]{1,3}(?:-[0-9]+)?)/$", view)]
urlpatterns = [
    path("", view),
    path("checkout/thanks/", view),
    path("orders/<int:pk>/thanks/", view),
    path("members/<path:name>/mail/", view),
    path("café/<str:dish>/", view),
    re_path(r"^sitemap\.xml$", view),
    re_path(r"^old/(\d+)/(?:print/)?$", view),
    path("blog/", include(nested)),
    path("failing/<failing:what>/", view),
    path(f"{'long/' * 30}", view),
    *i18n_patterns(path("shop/<slug:slug>/", view), path(_("about/"), view), prefix_default_language=False),
]


@pytest.fixture(autouse=True)
def _own_urls(settings: Settings) -> Iterator[None]:
    settings.ROOT_URLCONF = __name__
    pages.log_failure.cache_clear()
    yield
    set_script_prefix("/")
    pages.known_page.cache_clear()
    pages.has_patterns.cache_clear()


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("https://shop.example/", "/"),
        ("https://shop.example", ""),
        ("https://shop.example/checkout/thanks/?order=17&mail=jane@example.com#top", "/checkout/thanks/"),
        ("https://shop.example/orders/4711/thanks/", "/orders/<pk>/thanks/"),
        ("https://shop.example/members/jane.doe@example.com/mail/", "/members/<name>/mail/"),
        ("https://shop.example/caf%C3%A9/soup/", "/café/<dish>/"),
        ("https://shop.example/sitemap.xml", "/sitemap.xml"),
        ("https://shop.example/old/17/print/", "/old/<value>/<value>"),
        ("https://shop.example/blog/2026/jane-doe/", "/blog/<year>/<slug>/"),
        ("https://shop.example/blog/archive/12-13/", "/blog/archive/<page>/"),
        ("https://shop.example/shop/red-shoes/", "/shop/<slug>/"),
        ("https://shop.example/de/shop/rote-schuhe/", "/de/shop/<slug>/"),
        ("https://shop.example/jane@example.com", ""),
        ("http://[broken/", ""),
        (f"https://shop.example/shop/{'a' * LONGEST_PATH}/", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_page_of_an_address(address: str | None, page: str) -> None:
    assert page_of(address) == page


def test_the_pages_of_a_pattern_are_one() -> None:
    assert len({page_of(f"https://shop.example/orders/{number}/thanks/") for number in range(50)}) == 1


def test_a_long_pattern_is_cut() -> None:
    assert len(page_of(f"https://shop.example/{'long/' * 30}")) == LONGEST


@override_settings(CAPI={"RESTRICT_DATA": True})
def test_a_restricted_site_stores_no_page() -> None:
    assert page_of("https://shop.example/checkout/thanks/") == ""


def test_a_site_below_a_prefix_has_its_pages_there() -> None:
    set_script_prefix("/shop-one/")

    assert page_of("https://example.com/shop-one/orders/1/thanks/") == "/shop-one/orders/<pk>/thanks/"
    assert page_of("https://example.com/orders/1/thanks/") == ""


def test_an_error_of_the_site_s_own_code_costs_only_the_page(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="django_capi"):
        found = [page_of(f"https://shop.example/failing/jane-{number}/") for number in range(3)]

    assert found == ["", "", ""]
    assert caplog.messages == ["The page of an event is not known, as resolving its address raised RuntimeError."]


def test_a_urlconf_that_cannot_be_imported_is_tried_once(caplog: pytest.LogCaptureFixture, settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.no_such_urls"

    with caplog.at_level(logging.ERROR, logger="django_capi"):
        found = [page_of(f"https://shop.example/orders/{number}/thanks/") for number in range(3)]

    assert found == ["", "", ""]
    assert caplog.messages == [
        "The page of an event is not known, as resolving its address raised ModuleNotFoundError."
    ]
    assert pages.has_patterns.cache_info().misses == 1


def test_a_request_s_own_urlconf_is_used() -> None:
    set_urlconf("tests.site.urls")
    try:
        assert page_of("https://shop.example/webhook/17/") == "/webhook/<pk>/"
    finally:
        set_urlconf(None)
