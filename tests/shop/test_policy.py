"""The shop keeps its own Content-Security-Policy: the header names what it needs, and no page asks for more."""

from __future__ import annotations

import doctest
import re

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings

from example_project.shop import policy
from example_project.shop.factories import OrderFactory, ProductFactory
from example_project.shop.middleware import ContentSecurityPolicyMiddleware
from example_project.shop.policy import content_security_policy, header

META = "https://connect.facebook.net/en_US/fbevents.js"
PAGES = ["/", "/search/?q=x", "/about/", "/cart/", "/register/", "/login/", "/contact/", "/visitor/", "/nothing/"]
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*(src=|application/json))", re.IGNORECASE)


def test_metas_real_pixel_is_let_in_on_both_of_its_hosts() -> None:
    found = content_security_policy(pixel_script_url=META, bank_url="https://bank.example")

    assert found["script-src"] == ["'self'", "https://connect.facebook.net"]
    assert found["img-src"] == ["'self'", "https://www.facebook.com"]
    assert found["connect-src"] == ["'self'", "https://connect.facebook.net", "https://www.facebook.com"]
    assert found["form-action"] == ["'self'", "https://www.facebook.com", "https://bank.example"]


def test_a_stand_in_that_plays_every_part_is_named_once() -> None:
    here = "http://127.0.0.1:8001"

    found = content_security_policy(pixel_script_url=f"{here}/en_US/fbevents.js", bank_url=here)

    assert found["connect-src"] == ["'self'", here]
    assert found["form-action"] == ["'self'", here]


def test_the_policy_allows_nothing_inline() -> None:
    text = header(content_security_policy(pixel_script_url=META, bank_url="https://bank.example"))

    assert "unsafe" not in text
    assert "data:" not in text
    assert "*" not in text


def test_the_examples_in_the_docstrings_are_true() -> None:
    assert doctest.testmod(policy) == doctest.TestResults(failed=0, attempted=2)


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_every_page_carries_the_policy_and_nothing_inline(client: Client, path: str) -> None:
    answer = client.get(path)

    assert answer.headers["Content-Security-Policy"] == header(settings.SECURE_CSP)
    assert INLINE.search(answer.text) is None


@pytest.mark.django_db
def test_the_pages_of_a_purchase_have_nothing_inline(client: Client) -> None:
    product = ProductFactory.create()
    order = OrderFactory.create()
    client.post(f"/cart/add/{product.sku}/", {"quantity": 1})

    for path in (product.get_absolute_url(), "/cart/", "/checkout/", order.get_absolute_url()):
        assert INLINE.search(client.get(path).text) is None, path


@pytest.mark.parametrize(("status", "debug", "is_sent"), [(200, True, True), (404, True, False), (404, False, True)])
def test_djangos_debug_pages_are_left_alone(rf: RequestFactory, status: int, debug: bool, is_sent: bool) -> None:
    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=status)

    with override_settings(DEBUG=debug):
        response = ContentSecurityPolicyMiddleware(answer)(rf.get("/"))

    assert ("Content-Security-Policy" in response.headers) is is_sent
