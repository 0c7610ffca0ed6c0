"""Contact data and tokens to plant, a site that tracks with them, and the search for what must not be found."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import engines
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from django_capi.conversions import Conversion
from django_capi.tracking import atrack, track
from django_capi.types import UserDataDict

TOKEN = "EAAplantedTokenThatMustNotLeak0123456789"
APP_SECRET = "5ecretOfThePlantedApp0123456789"
PASSWORD = "s3cret-planted"
EMAIL = "Jane.Planted@Example.com"
PERSON: UserDataDict = {
    "em": EMAIL,
    "ph": "+49 30 23125 777",
    "fn": "Wilhelmine",
    "ln": "Plantagenova",
    "ct": "Plantsbüttel",
    "db": "1987-03-21",
    "external_id": "customer-planted-4711",
}
# Nothing here can be used, so all of it is left out, with reasons.
MALFORMED: Any = {
    "em": f"{EMAIL} or so",
    "ph": "23125777 ext. Wilhelmine",
    "db": "1987-03-21 Plantagenova",
    "country": "Plantsbüttel",
    "client_ip_address": EMAIL,
    "fbp": EMAIL,
    EMAIL: EMAIL,
}
CUSTOM: Any = {
    "search_string": f"orders of {EMAIL}",
    "content_ids": [EMAIL],
    "contents": [{"id": EMAIL, "quantity": 1}],
    "value": EMAIL,
    "currency": "EUR",
    "email": EMAIL,
    "phone": "23125777",
    "first_name": "Wilhelmine",
    EMAIL: EMAIL,
}
QUERY = "?email=jane.planted%40example.com&name=Wilhelmine&utm_source=mail"
# However they are written: the parts that stay when a value is lowered, quoted or stripped.
NEEDLES = (
    "jane.planted", "23125 777", "23125777", "wilhelmine", "plantagenova", "plantsb", "1987-03-21", "19870321",
    "customer-planted", "customerplanted", "eaaplantedtoken", "oftheplantedapp", PASSWORD,
)  # fmt: skip


def leaks(text: str, *more: str) -> list[str]:
    """The planted values that the text holds."""
    return [needle for needle in (*NEEDLES, *more) if needle.casefold() in text.casefold()]


def signed_in(request: HttpRequest) -> UserDataDict:
    return PERSON


def external_id(request: HttpRequest) -> str:
    return str(PERSON["external_id"])


def raising(subject: object) -> NoReturn:
    raise ValueError(f"{EMAIL} {TOKEN} {PERSON}")


class Broken(Conversion):
    """A conversion whose data cannot be had."""

    event_name = "Subscribe"

    def happened(self, obj: object) -> bool:
        return True

    def consent(self, obj: object) -> bool:
        return True

    def user_data(self, obj: object) -> NoReturn:
        raising(obj)


@csrf_exempt
def lead(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        track("Lead", request=request, user_data=PERSON, custom_data=CUSTOM)
    track("Contact", request=request, user_data={**PERSON, **MALFORMED}, custom_data=CUSTOM)
    return HttpResponseRedirect("/page/") if "away" in request.GET else HttpResponse("ok")


@csrf_exempt
async def lead_async(request: HttpRequest) -> HttpResponse:
    await atrack("Schedule", request=request, user_data=PERSON, custom_data=CUSTOM)
    return HttpResponse("ok")


def page(request: HttpRequest) -> HttpResponse:
    template = engines["django"].from_string(
        "{% load capi %}<head>{% capi_pixel %}</head>{% capi_event 'Search' search_string=text email=text value=text %}"
    )
    return HttpResponse(template.render({"text": EMAIL}, request))


urlpatterns = [
    path("planted-lead/", lead),
    path("planted-lead-async/", lead_async),
    path("planted-page/", page),
    path("", include("tests.site.urls")),
]
