"""The pages that the tests open: one for each way an event can happen."""

from __future__ import annotations

from typing import NoReturn

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template import engines
from django.views.decorators.cache import cache_control, cache_page
from django.views.decorators.csrf import csrf_exempt

from django_capi.tracking import atrack, track
from tests.site.models import Note, Order


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nothing to see")


async def plain_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nothing to see")


def page(request: HttpRequest) -> HttpResponse:
    return render(request, "page.html")


def product(request: HttpRequest) -> HttpResponse:
    return render(request, "product.html")


async def product_async(request: HttpRequest) -> HttpResponse:
    return render(request, "product.html")


def event(request: HttpRequest, event_name: str) -> HttpResponse:
    source = "{% load capi %}{% capi_pixel %}{% capi_event event_name value=20 currency='EUR' %}"
    return HttpResponse(engines["django"].from_string(source).render({"event_name": event_name}, request))


def twice(request: HttpRequest) -> HttpResponse:
    return render(request, "twice.html")


def fragment_cached(request: HttpRequest) -> HttpResponse:
    return render(request, "fragment.html")


@cache_page(60)
def cached(request: HttpRequest) -> HttpResponse:
    return render(request, "product.html")


@cache_control(public=True, max_age=60)
def public(request: HttpRequest) -> HttpResponse:
    return render(request, "product.html")


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    template = engines["django"].from_string("{% load capi %}<head>{% capi_pixel %}</head>")
    return StreamingHttpResponse(template.render({}, request) for _ in range(1))


def failing_page(request: HttpRequest) -> NoReturn:
    render(request, "product.html")
    raise RuntimeError("after the page was rendered")


@csrf_exempt
def lead(request: HttpRequest) -> HttpResponse:
    event_id = track("Lead", request=request, custom_data={"value": "20", "currency": "EUR"})
    return HttpResponse(event_id or "none")


@csrf_exempt
async def lead_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse(await atrack("Lead", request=request) or "none")


@csrf_exempt
def lead_and_page(request: HttpRequest) -> HttpResponse:
    track("Lead", request=request)
    return render(request, "page.html")


@csrf_exempt
def lead_and_redirect(request: HttpRequest) -> HttpResponse:
    track("Lead", request=request)
    return HttpResponseRedirect("/page/")


@csrf_exempt
def lead_and_trigger(request: HttpRequest) -> HttpResponse:
    track("Lead", request=request)
    return HttpResponse("ok", headers={"HX-Trigger": request.GET.get("trigger", "cartChanged")})


@csrf_exempt
def lead_then_fail(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        Note.objects.create(text="kept only with the event")
        track("Lead", request=request)
        raise RuntimeError("the transaction is rolled back")


@csrf_exempt
def bad_lead(request: HttpRequest) -> HttpResponse:
    track("Lead", request=request, custom_data={"value": "a lot", "currency": "EUR"}, user_data={"ph": "12"})
    return HttpResponse("ok")


@csrf_exempt
def checkout(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        order = Order.objects.create(email="jane@example.com")
    return JsonResponse({"order": order.pk})


@csrf_exempt
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    order = Order.objects.get(pk=pk)
    order.status = Order.PAID
    order.save()
    return HttpResponse("ok")


@csrf_exempt
def note(request: HttpRequest, pk: int) -> HttpResponse:
    order = Order.objects.get(pk=pk)
    order.email = "jane@example.org"
    order.save()
    return HttpResponse("ok")


def thanks(request: HttpRequest, pk: int, template: str = "thanks.html") -> HttpResponse:
    return render(request, template, {"order": Order.objects.get(pk=pk)})
