"""The pages that the benchmarks ask for: each of ours beside the plain Django that it is measured against."""

from __future__ import annotations

import json
import uuid
from functools import cache
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from benchmarks import backlog, sample
from django_capi.conf import conf
from django_capi.consent import Consent
from django_capi.ledger import store
from django_capi.models import Event, Origin
from django_capi.tracking import track


def nothing(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # a view's signature
    return HttpResponse("ok")


async def nothing_async(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # a view's signature
    return HttpResponse("ok")


@csrf_exempt
def checkout_tracked(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        order()
        track("Purchase", request=request, custom_data=sample.CUSTOM_DATA, user_data=sample.PERSON)
    return HttpResponse("ok")


@csrf_exempt
def checkout_created(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # a view's signature
    with transaction.atomic():
        order()
        Event.objects.create(**row())
    return HttpResponse("ok")


@csrf_exempt
def one_insert(request: HttpRequest) -> HttpResponse:
    json.loads(request.body)
    Event.objects.create(**row())
    return HttpResponse(status=204)


def order() -> Group:
    """Some row of the shop's own: a short text with a unique index."""
    return Group.objects.create(name=uuid.uuid4().hex)


def row() -> dict[str, Any]:
    """What tracking the Purchase would store, ready, under an id of its own."""
    return {**ready_row(), "event_id": uuid.uuid4().hex}


@cache
def ready_row() -> dict[str, Any]:
    entry = store.EventEntry(event=backlog.purchase(), consent=Consent.GRANTED, origin=Origin.TRACK)
    made, *_ = store.rows_of(entry, list(conf.pixels().values()), timezone.now())
    fields = [field.attname for field in Event._meta.concrete_fields if not field.primary_key]
    return {name: getattr(made, name) for name in fields}


urlpatterns = [
    path("admin/", admin.site.urls),
    path("nothing/", nothing),
    path("nothing-async/", nothing_async),
    path("checkout-tracked/", checkout_tracked),
    path("checkout-created/", checkout_created),
    path("one-insert/", one_insert),
    path("capi/", include("django_capi.urls")),
]
