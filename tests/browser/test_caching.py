"""Many headers decide whether a cache may keep a response; only a private response has ids."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.test import Client
from django.utils.http import http_date
from django.views.decorators.gzip import gzip_page
from pytest_django import Settings

from django_capi.browser import caching
from django_capi.browser.responses import LONGEST_HEADER, log_private
from django_capi.meta.cookies import checksum
from django_capi.models import Event
from django_capi.tracking import track
from django_capi.types import with_properties
from tests.conftest import FBP
from tests.site.models import Order
from tests.support.pages import blocks, config, events
from tests.tracking.serving import serve

pytestmark = pytest.mark.django_db

LATER = 4_102_444_800  # in the year 2100
SHARED = [
    {"Cache-Control": "public"},
    {"Cache-Control": "max-age=60"},
    {"Cache-Control": "S-MaxAge=60"},
    {"Cache-Control": 'max-age="60"'},
    {"Cache-Control": "private", "CDN-Cache-Control": "max-age=600"},
    {"Cloudflare-CDN-Cache-Control": "max-age=600"},
    {"Vercel-CDN-Cache-Control": "s-maxage=600"},
    {"Netlify-CDN-Cache-Control": "public, durable, max-age=31536000"},
    {"Surrogate-Control": 'max-age=600, content="ESI/1.0"'},
    {"Edge-Control": "!no-store, cache-maxage=10m"},
    {"X-LiteSpeed-Cache-Control": "public,max-age=180"},
    {"X-Accel-Expires": "60"},
    {"X-Accel-Expires": f"@{LATER}"},
    {"Expires": http_date(LATER)},
]
PRIVATE = [
    {},
    {"Cache-Control": "private"},
    {"Cache-Control": "private, max-age=60"},
    {"Cache-Control": "no-store, public"},
    {"Cache-Control": "max-age=0, no-cache"},
    {"Cache-Control": "no-cache"},
    {"X-Accel-Expires": "0"},
    {"X-Accel-Expires": "@1"},
    {"X-Accel-Expires": "soon"},
    {"Surrogate-Control": "no-store"},
    {"Expires": http_date(1)},
    {"Expires": "0"},
    {"Cache-Control": "private", "Expires": http_date(LATER)},
]


def page(request: HttpRequest, headers: dict[str, str]) -> HttpResponse:
    response = render(request, "product.html")
    for name, value in headers.items():
        response.headers[name] = value
    return response


def visit(visitor: Client, settings: Settings, headers: dict[str, str]) -> Any:
    serve(settings, lambda request: page(request, headers))
    return visitor.get("/act/")


@pytest.mark.parametrize("headers", SHARED, ids=str)
def test_a_page_that_others_may_get_has_no_id(visitor: Client, settings: Settings, headers: dict[str, str]) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": "django_capi.consent.always"}

    response = visit(visitor, settings, headers)

    assert {event["event_id"] for event in events(response).values()} == {None}
    assert (config(response)["consent"], "for" in config(response)) == (None, False)
    assert {name: response.headers[name] for name in headers} == headers
    assert not response.cookies
    assert not Event.objects.exists()


@pytest.mark.parametrize("headers", PRIVATE, ids=str)
def test_a_page_with_the_visitors_ids_is_marked_as_private(
    visitor: Client, settings: Settings, headers: dict[str, str]
) -> None:
    response = visit(visitor, settings, headers)

    assert None not in {event["event_id"] for event in events(response).values()}
    assert {"private", "no-store"} & {word.strip() for word in response.headers["Cache-Control"].split(",")}
    assert not caching.may_be_cached(response)


def test_the_block_says_for_which_browser_it_was_made(visitor: Client, newcomer: Client) -> None:
    known, new = visitor.get("/page/"), newcomer.get("/page/")

    assert config(known)["for"] == checksum(FBP)
    assert config(known)["for"] != config(new)["for"]
    assert config(newcomer.get("/page/"))["for"] == config(new)["for"]


class TestBodies:
    @pytest.fixture(autouse=True)
    def _once(self) -> None:
        log_private.cache_clear()

    def public(self, request: HttpRequest) -> HttpResponse:
        response = page(request, {"Cache-Control": "public, s-maxage=60"})
        response.content += b"<p>tea</p>" * 100
        return response

    def test_a_compressed_page_is_changed_as_well(self, visitor: Client, settings: Settings) -> None:
        serve(settings, gzip_page(self.public))

        response = visitor.get("/act/", headers={"accept-encoding": "gzip"})
        response.content = gzip.decompress(response.content)

        assert {event["event_id"] for event in events(response).values()} == {None}
        assert response.headers["Cache-Control"] == "public, s-maxage=60"

    @pytest.mark.parametrize("how", ["encoded", "rewritten"])
    def test_a_public_response_that_cannot_be_changed_becomes_private(
        self, visitor: Client, settings: Settings, caplog: pytest.LogCaptureFixture, how: str
    ) -> None:
        def act(request: HttpRequest) -> HttpResponse:
            response = self.public(request)
            if how == "encoded":
                response.headers["Content-Encoding"] = "br"
            else:
                response.content = response.content.replace(b'", "', b'","')
            response.headers["CDN-Cache-Control"] = "max-age=60"
            return response

        serve(settings, act)
        response = visitor.get("/act/")

        assert response.headers["Cache-Control"] == "private"
        assert not caching.may_be_cached(response)
        assert Event.objects.count() == 2
        assert "may be cached, but its body is encoded or streamed" in caplog.text

    def test_a_page_with_the_copy_of_an_action_is_private(self, visitor: Client, settings: Settings) -> None:
        def act(request: HttpRequest) -> HttpResponse:
            track("Lead", request=request, event_id="lead-00000001")
            return self.public(request)

        serve(settings, act)
        response = visitor.get("/act/")

        assert response.headers["Cache-Control"] == "private"
        assert events(response)["Lead"]["event_id"] == "lead-00000001"


class TestNoViews:
    @pytest.mark.parametrize("status", [404, 410, 422, 500, 503])
    def test_an_error_is_no_page_view(self, visitor: Client, settings: Settings, status: int) -> None:
        serve(settings, lambda request: render(request, "product.html", status=status))

        response = visitor.get("/act/")

        assert (events(response), Event.objects.count()) == ({}, 0)

    @pytest.mark.parametrize("headers", SHARED, ids=str)
    def test_an_error_that_others_may_get_is_no_page_view_either(
        self, visitor: Client, settings: Settings, headers: dict[str, str]
    ) -> None:
        def act(request: HttpRequest) -> HttpResponse:
            response = page(request, headers)
            response.status_code = 404
            return response

        serve(settings, act)
        response = visitor.get("/act/")

        assert (events(response), Event.objects.count()) == ({}, 0)
        assert [name for name, _ in blocks(response)] == ["capi-config"]
        assert "for" not in config(response)

    @pytest.mark.parametrize("kind", ["encoded", "streamed"])
    def test_an_error_page_that_cannot_be_changed_keeps_both_copies(
        self, visitor: Client, settings: Settings, kind: str
    ) -> None:
        sent: list[dict[str, Any]] = []

        def act(request: HttpRequest) -> HttpResponseBase:
            found = render(request, "product.html", status=404)
            sent.append(events(found))
            if kind == "streamed":
                return StreamingHttpResponse([found.content], status=404)
            return HttpResponse(found.content[::-1], status=404, headers={"Content-Encoding": "br"})

        serve(settings, act)
        visitor.get("/act/")

        fired = {(name, event["event_id"]) for name, event in sent[0].items()}
        assert fired
        assert set(Event.objects.values_list("event_name", "event_id")) == fired

    def test_an_action_in_a_failed_request_is_stored(self, visitor: Client, settings: Settings) -> None:
        def act(request: HttpRequest) -> HttpResponse:
            track("Lead", request=request)
            return render(request, "product.html", status=404)

        serve(settings, act)
        visitor.get("/act/")

        assert "Lead" in events(visitor.get("/page/"))

    def test_the_copy_of_a_conversion_is_not_lost_with_it(self, visitor: Client, settings: Settings) -> None:
        pk = visitor.post("/checkout/").json()["order"]
        visitor.post(f"/webhook/{pk}/")
        order = Order.objects.get()

        serve(settings, lambda request: render(request, "thanks.html", {"order": order}, status=404))
        response = visitor.get("/act/")

        assert set(events(response)) == {"Purchase"}

    @pytest.mark.parametrize("headers", [{}, {"Cache-Control": "public, max-age=60"}], ids=["private", "public"])
    def test_a_head_request_stores_nothing(self, visitor: Client, settings: Settings, headers: dict[str, str]) -> None:
        rendered: list[int] = []

        def act(request: HttpRequest) -> HttpResponse:
            response = page(request, headers)
            rendered.append(len(response.content))
            response.headers["Content-Length"] = str(rendered[0])
            return response

        serve(settings, act)
        response = visitor.head("/act/")

        assert not Event.objects.exists()
        assert int(response.headers["Content-Length"]) <= rendered[0]

    @pytest.mark.parametrize("headers", [{}, {"Cache-Control": "max-age=60"}], ids=["private", "public"])
    def test_a_page_that_the_browser_has_kept_stores_nothing_new(
        self, visitor: Client, settings: Settings, headers: dict[str, str]
    ) -> None:
        """As after `ConditionalGetMiddleware`, where the view has sent Last-Modified."""

        def act(request: HttpRequest) -> HttpResponse:
            render(request, "product.html")
            return HttpResponseNotModified(headers=headers)

        serve(settings, act)
        response = visitor.get("/act/")

        assert not Event.objects.exists()
        assert response.headers.get("Cache-Control") == headers.get("Cache-Control")

    @pytest.mark.parametrize(("policy", "is_kept"), [("always", False), ("never", True)])
    def test_a_page_with_ids_is_not_answered_with_304(
        self, visitor: Client, settings: Settings, policy: str, is_kept: bool
    ) -> None:
        """Django's middleware is above, so that its answer is not seen here."""
        settings.CAPI = {**settings.CAPI, "CONSENT": f"django_capi.consent.{policy}"}
        settings.MIDDLEWARE = ["django.middleware.http.ConditionalGetMiddleware", *settings.MIDDLEWARE]
        modified = http_date(1_700_000_000)

        serve(settings, lambda request: page(request, {"Last-Modified": modified, "Cache-Control": "no-cache"}))
        visitor.get("/act/")
        response = visitor.get("/act/", headers={"If-Modified-Since": modified})

        assert (response.status_code, response.headers.get("Last-Modified")) == (
            (304, modified) if is_kept else (200, None)
        )

    def test_an_editors_preview_stores_nothing(self, visitor: Client, settings: Settings) -> None:
        def act(request: HttpRequest) -> HttpResponse:
            request.is_preview = True  # type: ignore[attr-defined]  # as Wagtail does
            return render(request, "product.html")

        serve(settings, act)
        response = visitor.get("/act/")

        assert (b"capi-" in response.content, Event.objects.count()) == (False, 0)

    @pytest.mark.parametrize(
        "headers",
        [
            {"sec-purpose": "prefetch;prerender"},
            {"purpose": "prefetch"},
            {"x-moz": "prefetch"},
            {"x-purpose": "preview"},
        ],
        ids=str,
    )
    def test_a_request_that_a_browser_makes_ahead_stores_nothing(
        self, visitor: Client, headers: dict[str, str]
    ) -> None:
        visitor.get("/product/", headers=headers)

        assert not Event.objects.exists()


class TestHeaders:
    """For htmx, and for scripts that fetch."""

    def lead(self, **custom_data: Any) -> Callable[[HttpRequest], HttpResponse]:
        def act(request: HttpRequest) -> HttpResponse:
            track("Lead", request=request, event_id="lead-00000001", custom_data=with_properties({}, **custom_data))
            return HttpResponse("{}", content_type="application/json")

        return act

    def test_a_script_that_asks_gets_the_copies_with_the_answer(self, visitor: Client, settings: Settings) -> None:
        serve(settings, self.lead(value=5, currency="EUR"))

        response = visitor.post("/act/", headers={"x-capi-events": "1"})

        found = json.loads(response.headers["X-Capi-Events"])
        assert [(item["event_name"], item["event_id"]) for item in found] == [("Lead", "lead-00000001")]
        assert "Lead" not in events(visitor.get("/page/"))

    def test_copies_that_no_script_asks_for_wait_for_the_next_page(self, visitor: Client, settings: Settings) -> None:
        serve(settings, self.lead())

        response = visitor.post("/act/")

        assert "X-Capi-Events" not in response.headers
        assert events(visitor.get("/page/"))["Lead"]["ttl"] > 1000

    @pytest.mark.parametrize("headers", [{"x-capi-events": "1"}, {"hx-request": "true"}], ids=["script", "htmx"])
    def test_copies_that_are_too_long_for_a_header_wait_for_the_next_page(
        self, visitor: Client, settings: Settings, headers: dict[str, str]
    ) -> None:
        serve(settings, self.lead(content_ids=[f"SKU-{number:04}" for number in range(300)]))

        response = visitor.post("/act/", headers=headers)

        assert sum(len(value) for value in response.headers.values()) < LONGEST_HEADER
        assert "Lead" in events(visitor.get("/page/"))

    @pytest.mark.parametrize("name", ["HX-Redirect", "HX-Location", "HX-Refresh", "Location"])
    def test_no_script_sees_the_headers_of_a_redirect(self, visitor: Client, settings: Settings, name: str) -> None:
        def act(request: HttpRequest) -> HttpResponse:
            track("Lead", request=request)
            return HttpResponse(status=302 if name == "Location" else 200, headers={name: "/page/"})

        serve(settings, act)
        response = visitor.post("/act/", headers={"hx-request": "true"})

        assert "HX-Trigger" not in response.headers
        assert "Lead" in events(visitor.get("/page/"))


class TestAMiddlewareThatStripsTheRequest:
    """wagtail-cache takes cookies and parameters away, and marks the request."""

    @pytest.fixture
    def stripping(self, settings: Settings) -> None:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.browser.test_caching.strip"]

    def test_the_visitor_is_the_one_who_sent_it(self, visitor: Client, settings: Settings, stripping: None) -> None:
        def act(request: HttpRequest) -> None:
            assert (request.COOKIES, request.META["QUERY_STRING"]) == ({}, "")
            track("Lead", request=request)

        settings.CAPI = {**settings.CAPI, "CONSENT": answered}
        serve(settings, act)
        visitor.cookies["answer"] = "yes"
        visitor.post("/act/?fbclid=IwAR0abc")

        user_data = json.loads(Event.objects.get().payload)["user_data"]
        assert user_data["fbp"] == FBP
        assert user_data["fbc"].endswith(".IwAR0abc")

    def test_a_page_that_will_be_kept_is_public(self, visitor: Client, settings: Settings, stripping: None) -> None:
        serve(settings, lambda request: render(request, "product.html"))

        response = visitor.get("/act/")

        assert {event["event_id"] for event in events(response).values()} == {None}
        assert "Cache-Control" not in response.headers


def answered(request: HttpRequest) -> bool | None:
    return True if request.COOKIES.get("answer") == "yes" else None


def strip(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        request.COOKIES, request.GET = {}, request.GET.__class__("")
        request.META.update(HTTP_COOKIE="", QUERY_STRING="")
        request._wagtailcache_update = True  # type: ignore[attr-defined]
        return get_response(request)

    return middleware
