"""The pages of the matrix, one address for each way in which HTML reaches a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import django_htmx
from asgiref.sync import iscoroutinefunction
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.template import engines
from django.urls import include, path
from django.utils.decorators import sync_and_async_middleware
from django.views.decorators.cache import cache_control, cache_page
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page

from django_capi.tracking import track

HTMX = Path(django_htmx.__file__).parent / "static/django_htmx/htmx-2.min.js"
PAGE = """{% load capi %}<!doctype html><html><head><link rel="icon" href="data:,">
<script src="/htmx.js"></script></head>
<body>{% capi_pixel %}<div id="place"></div>
<button id="swap" hx-get="/fragment/" hx-target="#place">Swap</button>
<button id="go" hx-post="/go/">Go</button>
<form id="boosted" hx-boost="true" method="post" action="/act/"><button>Send</button></form>
<form id="plain" method="post" action="/act/"><button>Send</button></form></body></html>"""
PADDING = "<!-- " + "x" * 400 + " -->"  # GZipMiddleware leaves short bodies alone

stored: dict[str, bytes] = {}


@sync_and_async_middleware
def ignoring_cache(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """A cache in front of the site that keeps `/ignored/` whatever the headers say."""

    async def answer_async(request: HttpRequest) -> HttpResponse:
        return kept(request) or keep(request, await get_response(request))

    def answer(request: HttpRequest) -> HttpResponse:
        return kept(request) or keep(request, get_response(request))

    return answer_async if iscoroutinefunction(get_response) else answer


def kept(request: HttpRequest) -> HttpResponse | None:
    return HttpResponse(stored[request.path]) if request.path in stored else None


def keep(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if request.path.startswith("/ignored/"):
        stored[request.path] = response.content
    return response


def html(request: HttpRequest) -> str:
    return engines["django"].from_string(PAGE + PADDING).render({}, request)


def page(request: HttpRequest, **_: str) -> HttpResponse:
    return HttpResponse(html(request))


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts(request) if isinstance(request, ASGIRequest) else iter([html(request)]))


async def parts(request: HttpRequest) -> AsyncIterator[str]:
    yield html(request)


def fragment(request: HttpRequest) -> HttpResponse:
    source = "{% load capi %}<p>{% capi_event 'ViewContent' %}</p>"
    return HttpResponse(engines["django"].from_string(source).render({}, request))


def act(request: HttpRequest) -> HttpResponseRedirect:
    track("Lead", request=request)
    return HttpResponseRedirect("/page/")


def go(request: HttpRequest) -> HttpResponse:
    track("Lead", request=request)
    return HttpResponse(headers={"HX-Redirect": "/page/"})


def data(request: HttpRequest) -> JsonResponse:
    track("Lead", request=request)
    return JsonResponse({})


def thanks(request: HttpRequest) -> HttpResponse:
    order = request.GET["order"]
    track("Purchase", request=request, event_id=order, custom_data={"value": 20, "currency": "EUR"})
    return page(request)


def htmx(_: HttpRequest) -> HttpResponse:
    return HttpResponse(HTMX.read_bytes(), content_type="text/javascript")


urlpatterns = [
    path("page/", page),
    path("cached/<str:name>/", cache_page(60)(page)),
    path("ignored/<str:name>/", page),
    path("shared/", cache_control(s_maxage=60)(page)),
    path("gzip/", gzip_page(page)),
    path("streamed/", streamed),
    path("fragment/", fragment),
    path("act/", csrf_exempt(act)),
    path("go/", csrf_exempt(go)),
    path("data/", data),
    path("thanks/", thanks),
    path("htmx.js", htmx),
    path("capi/", include("django_capi.urls")),
]


def answer(request: HttpRequest) -> bool | None:
    """The visitor's choice, as a cookie says it."""
    return {"yes": True, "no": False}.get(request.COOKIES.get("answer", ""))
