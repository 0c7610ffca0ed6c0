"""The test site's pages, and those on which a transaction ends badly."""

from __future__ import annotations

from typing import NoReturn

from asgiref.sync import sync_to_async
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from django_capi.tracking import atrack, track
from tests.site.models import Note, Order


@csrf_exempt
def lead_then_fail(request: HttpRequest) -> NoReturn:
    """No transaction of its own: ATOMIC_REQUESTS gives it one."""
    Note.objects.create(text="kept only with the event")
    track("Lead", request=request)
    raise RuntimeError("after the event was tracked")


@csrf_exempt
def declined(request: HttpRequest) -> HttpResponse:
    """The card is declined: the order is taken back, and the visitor sees a page."""
    with transaction.atomic():
        Order.objects.create(status=Order.PAID)
        track("Lead", request=request)
        transaction.set_rollback(True)
    return render(request, "page.html")


@csrf_exempt
def accepted(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        Order.objects.create(status=Order.PAID)
        track("Lead", request=request)
    return render(request, "page.html")


@csrf_exempt
@transaction.non_atomic_requests
async def lead_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse(await atrack("Lead", request=request) or "none")


@csrf_exempt
@transaction.non_atomic_requests
async def order_async(request: HttpRequest) -> HttpResponse:
    """A transaction belongs to one sync function, and tracking belongs into it."""
    await sync_to_async(order)(request, fails="fail" in request.GET)
    return HttpResponse("ok")


def order(request: HttpRequest, *, fails: bool) -> None:
    with transaction.atomic():
        Note.objects.create(text="kept only with the event")
        track("Lead", request=request)
        if fails:
            raise RuntimeError("the order is rolled back")


urlpatterns = [
    path("fail/", lead_then_fail),
    path("declined/", declined),
    path("accepted/", accepted),
    path("async/", lead_async),
    path("order-async/", order_async),
    path("", include("tests.site.urls")),
]
