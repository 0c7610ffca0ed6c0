"""Pages with the pixel in Chromium, under Content-Security-Policies that forbid everything else."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject
from playwright.sync_api import Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.support.chromium import AGENT, launched
from tests.support.fbevents import stand_in
from tests.tracking.serving import serve

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

META = (
    "img-src 'self' https://www.facebook.com; "
    "connect-src 'self' https://www.facebook.com https://connect.facebook.net; "
    "frame-src https://www.facebook.com; form-action 'self' https://www.facebook.com"
)
STRICT = f"default-src 'none'; script-src 'nonce-{{nonce}}' 'strict-dynamic'; base-uri 'none'; {META}"
TRUSTED = "require-trusted-types-for 'script'; trusted-types"
POLICIES = [
    pytest.param(f"default-src 'self'; script-src 'self' https://connect.facebook.net; {META}", id="self"),
    pytest.param(
        f"default-src 'none'; script-src 'nonce-{{nonce}}' https://connect.facebook.net; {META}", id="nonce-and-host"
    ),
    pytest.param(STRICT, id="strict-dynamic"),
    pytest.param(f"{STRICT}; {TRUSTED} django-capi connect.facebook.net/fbevents", id="trusted-types"),
]


def under(policy: str) -> Callable[[HttpRequest], HttpResponse]:
    """A page with a policy, whose nonce is in the header when the page has read it."""

    def view(request: HttpRequest) -> HttpResponse:
        made: list[str] = []

        def make() -> str:
            made.append(secrets.token_urlsafe(16))
            return made[0]

        request.csp_nonce = SimpleLazyObject(make)  # type: ignore[attr-defined]
        response = render(request, request.GET["template"])
        response.headers["Content-Security-Policy"] = policy.format(nonce="".join(made) or "none")
        return response

    return view


@contextmanager
def visited(address: str) -> Iterator[Page]:
    with launched() as chromium:
        context = chromium.new_context(base_url=address, user_agent=AGENT)
        stand_in(context)
        yield context.new_page()


@pytest.mark.parametrize("policy", POLICIES)
def test_the_pixel_breaks_no_policy_and_fires(settings: Settings, live_server: LiveServer, policy: str) -> None:
    serve(settings, under(policy))
    found: dict[str, Any] = {}

    with visited(live_server.url) as page:
        for template in ("page.html", "product.html"):
            with page.expect_request("https://connect.facebook.net/signals/config/1", timeout=5000):
                page.goto(f"/act/?template={template}")
            page.wait_for_function("window.calls")
            page.wait_for_load_state("networkidle")
            fired = page.evaluate("window.calls.filter((call) => call[0] === 'trackSingle').map((call) => call[2])")
            found[template] = (sorted(fired), page.evaluate("window.refused"))

    assert found == {"page.html": (["PageView"], []), "product.html": (["PageView", "ViewContent"], [])}


def test_a_policy_that_wants_a_nonce_stops_a_tag_without_one(settings: Settings, live_server: LiveServer) -> None:
    serve(settings, under(STRICT.replace("{nonce}", "of-another-response")))

    with visited(live_server.url) as page:
        page.goto("/act/?template=page.html")
        refused = page.evaluate("window.refused")

    assert [one["what"].rpartition("/")[2] for one in refused] == ["pixel.js"]
