"""A site of one view, and the clients that open it: a browser, and others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from pytest_django import Settings

STRIPE = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


class Site:
    """URLs that serve one view at `/act/`, beside the pages of the test site."""

    def __init__(self, view: Callable[..., Any]) -> None:
        self.urlpatterns = [path("act/", csrf_exempt(view)), path("", include("tests.site.urls"))]


def serve(settings: Settings, act: Callable[[HttpRequest], object]) -> None:
    """At `/act/`, do this and answer with what it returns."""

    def view(request: HttpRequest) -> HttpResponseBase:
        found = act(request)
        return found if isinstance(found, HttpResponseBase) else HttpResponse(str(found))

    settings.ROOT_URLCONF = Site(view)
