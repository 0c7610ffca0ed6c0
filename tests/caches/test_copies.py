"""The browser's copy of an action is for one visitor: no cache keeps it."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.views.decorators.cache import cache_page
from pytest_django import Settings

from django_capi.tracking import track
from tests.support.pages import events
from tests.tracking.serving import serve

pytestmark = pytest.mark.django_db


def lead(request: HttpRequest) -> HttpResponse:
    track("Lead", request=request, event_id="lead-00000001")
    return HttpResponse("{}", content_type="application/json")


def test_a_copy_from_the_session_does_not_go_into_a_public_page(visitor: Client) -> None:
    visitor.post("/lead-and-redirect/")

    public = visitor.get("/public/")

    assert set(events(public)) == {"PageView", "ViewContent"}
    assert not public.has_header("Vary")
    assert "Lead" in events(visitor.get("/page/"))


@pytest.mark.parametrize("asking", [{"x-capi-events": "1"}, {"hx-request": "true"}], ids=["script", "htmx"])
def test_an_answer_with_a_copy_is_private(visitor: Client, settings: Settings, asking: dict[str, str]) -> None:
    def act(request: HttpRequest) -> HttpResponse:
        response = lead(request)
        response.headers["Cache-Control"] = "max-age=60"
        return response

    serve(settings, act)
    response = visitor.get("/act/", headers=asking)

    assert "lead-00000001" in str(response.headers)
    assert response.headers["Cache-Control"] == "max-age=60, private"


@pytest.mark.parametrize("asking", [{"x-capi-events": "1"}, {"hx-request": "true"}], ids=["script", "htmx"])
def test_django_s_cache_keeps_no_copy(visitor: Client, settings: Settings, asking: dict[str, str]) -> None:
    serve(settings, cache_page(60)(lead))

    response = visitor.get("/act/", headers=asking)

    assert "lead-00000001" not in str(response.headers)
    assert "Lead" in events(visitor.get("/page/"))
