"""A site without a fault, and what the checks say of the one that is configured now."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from django_capi import checks
from tests.test_conf import TOKEN

CAPI_MIDDLEWARE = "django_capi.middleware.CapiMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
ACCOUNTS = "django.contrib.auth.middleware.AuthenticationMiddleware"
BEAT = {"deliver conversions": {"task": "django_capi.deliver", "schedule": 30.0}}
NOT_CALLABLE = "a constant"


def granted(request: HttpRequest) -> bool:
    return True


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("capi/", include(([path("collect/", page, name="collect")], "django_capi")))]
SOUND: dict[Any, Any] = {
    "PIXEL_ID": "1234567890123456",
    "ACCESS_TOKEN": TOKEN,
    "CONSENT": f"{__name__}.granted",
    "SENDER": "graph",
}


def everything() -> list[CheckMessage]:
    return [*checks.check_settings(), *checks.check_site(), *checks.check_deployment()]


def ids(messages: list[CheckMessage]) -> list[str]:
    return [str(message.id).removeprefix("django_capi.") for message in messages]


def words(messages: list[CheckMessage]) -> str:
    return "\n".join(f"{message.msg} {message.hint}" for message in messages)
