"""The guard of `conftest.connections_of_requests` itself: it notices a handler that opens a socket."""

from __future__ import annotations

import socket

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings

from tests.browser.test_blocks import collect
from tests.site.models import Order
from tests.support.pages import events


def calls_out(request: HttpRequest) -> HttpResponse:
    with socket.socket() as client:
        client.connect_ex(("127.0.0.1", 9))
        try:
            client.connect(("127.0.0.1", int(request.GET["port"])))
        except OSError:
            return HttpResponse("nobody there")
    return HttpResponse("somebody there")


urlpatterns = [path("calls-out/", calls_out)]


def test_a_handler_that_opens_a_socket_is_noticed(settings: Settings, connections_of_requests: list[object]) -> None:
    settings.ROOT_URLCONF = __name__
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        Client().get(f"/calls-out/?port={port}")

    assert connections_of_requests == [("127.0.0.1", port)]
    connections_of_requests.clear()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("outside_tests", "celery_app")
def test_no_handler_of_ours_opens_one_in_production(
    visitor: Client, settings: Settings, connections_of_requests: list[object]
) -> None:
    settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": "http://127.0.0.1:9"}

    page = visitor.get("/product/?fbclid=IwAR0123456789")
    collect(visitor, event_name="PageView", event_id=events(page)["PageView"]["event_id"])
    collect(visitor, event_name="AddToCart", event_id="minted-0001", mirror=True)
    visitor.post("/lead/")
    pk = visitor.post("/checkout/").json()["order"]
    Client().post(f"/webhook/{pk}/")
    visitor.get(f"/thanks/{pk}/")
    visitor.get("/capi/visitor/")
    visitor.post("/capi/withdraw/")

    assert Order.objects.get().status == Order.PAID
    assert connections_of_requests == []
