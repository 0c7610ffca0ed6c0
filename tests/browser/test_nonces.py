"""The tag of pixel.js carries the page's nonce, wherever the site has it from."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import django
import pytest
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client
from django.utils.functional import SimpleLazyObject, empty
from pytest_django import Settings

from tests.tracking.serving import serve

pytestmark = pytest.mark.django_db

PAGE = "{% load capi %}<head>{% capi_pixel %}</head>"
PACKAGES = [
    pytest.param(
        "django.middleware.csp.ContentSecurityPolicyMiddleware",
        marks=pytest.mark.skipif(django.VERSION < (6, 0), reason="Django has the middleware since 6.0"),
        id="django",
    ),
    pytest.param(
        "csp.middleware.CSPMiddleware",
        marks=pytest.mark.skipif(find_spec("csp") is None, reason="django-csp is not installed"),
        id="django-csp",
    ),
]


def strict(settings: Settings, middleware: str) -> None:
    settings.MIDDLEWARE = [middleware, *settings.MIDDLEWARE]
    if middleware.startswith("django."):
        settings.SECURE_CSP = {"script-src": ["<CSP_NONCE_SENTINEL>", "'strict-dynamic'"]}
    else:
        nonce = import_module("csp.constants").NONCE
        settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"script-src": [nonce, "'strict-dynamic'"]}}


def in_tag(html: bytes) -> str | None:
    found = re.search(r'<script src="/static/django_capi/pixel.js"(?: nonce="([^"]+)")? defer></script>', html.decode())
    assert found, html
    return found[1]


def in_header(response: Any) -> str | None:
    found = re.search(r"'nonce-([^']+)'", response.headers["Content-Security-Policy"])
    return found[1] if found else None


def test_without_a_nonce_there_is_no_attribute(visitor: Client) -> None:
    assert in_tag(visitor.get("/page/").content) is None


@pytest.mark.parametrize("middleware", PACKAGES)
def test_the_tag_carries_the_nonce_of_the_header(visitor: Client, settings: Settings, middleware: str) -> None:
    strict(settings, middleware)

    first, second = visitor.get("/page/"), visitor.get("/page/")

    assert in_tag(first.content) == in_header(first) is not None
    assert in_header(first) != in_header(second)


@pytest.mark.parametrize("middleware", PACKAGES)
def test_a_page_without_the_tag_gets_no_nonce(visitor: Client, settings: Settings, middleware: str) -> None:
    strict(settings, middleware)

    assert in_header(visitor.get("/plain/")) is None


@pytest.mark.parametrize("middleware", PACKAGES)
def test_a_page_streamed_after_its_header_is_whole(visitor: Client, settings: Settings, middleware: str) -> None:
    strict(settings, middleware)

    response: Any = visitor.get("/streamed/")

    in_tag(b"".join(response.streaming_content))


@pytest.mark.parametrize("middleware", PACKAGES)
def test_a_page_without_a_pixel_leaves_the_nonce_unread(visitor: Client, settings: Settings, middleware: str) -> None:
    strict(settings, middleware)
    settings.CAPI = {}

    assert in_header(visitor.get("/page/")) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(lambda: "from-context", "from-context", id="text"),
        pytest.param(lambda: SimpleLazyObject(lambda: "lazy"), "lazy", id="lazy"),
        pytest.param(lambda: Unread(lambda: "unread"), "unread", id="false-until-read"),
        pytest.param(lambda: "", "of-the-request", id="empty"),
        pytest.param(lambda: None, "of-the-request", id="none"),
        pytest.param(lambda: '"><script>', "&quot;&gt;&lt;script&gt;", id="escaped"),
    ],
)
def test_a_nonce_in_the_context_goes_before_the_requests_own(
    visitor: Client, settings: Settings, given: Callable[[], object], expected: str
) -> None:
    def page(request: HttpRequest) -> HttpResponse:
        request.csp_nonce = "of-the-request"  # type: ignore[attr-defined]
        return HttpResponse(engines["django"].from_string(PAGE).render({"csp_nonce": given()}, request))

    serve(settings, page)

    assert in_tag(visitor.get("/act/").content) == expected


class Unread(SimpleLazyObject):
    """False until it is read, as Django's and django-csp's nonces are."""

    def __bool__(self) -> bool:
        return self._wrapped is not empty
