"""Track planted personal data in every way, and collect all output."""

from __future__ import annotations

import json
from typing import Any

from django.db import DatabaseError, connection
from django.test import Client
from pytest_django import Settings

from django_capi.conversions import fire
from django_capi.delivery import lanes
from django_capi.delivery.drain import deliver
from django_capi.models import Event, Lane
from django_capi.tracking import track
from example_project.standin.messages import Request, Response, json_response
from example_project.standin.routes import route
from example_project.standin.state import State
from tests.site.models import Note, Order
from tests.support import planted_data
from tests.support.planted_data import CUSTOM, EMAIL, MALFORMED, PASSWORD, PERSON, QUERY, TOKEN


class Places:
    """What the site answered, and what the stand-in was asked, while the planted data went in."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.requests: list[Request] = []
        self.is_quoting = False

    def route(self, request: Request, state: State) -> Response:
        """Meta as the stand-in plays it, and one that quotes what it does not like."""
        self.requests.append(request)
        if not self.is_quoting:
            return route(request, state)
        error = {"message": f"{EMAIL} is no hash", "type": EMAIL, "code": 100, "error_subcode": 2804016}
        return json_response({"error": {**error, "error_user_msg": EMAIL, "fbtrace_id": EMAIL}}, status=400)

    def keep(self, response: Any) -> None:
        body = response.getvalue() if response.streaming else response.content
        head = [f"{name}: {value}" for name, value in response.headers.items()]
        self.answers.append("\n".join([*head, str(response.cookies), body.decode()]))


def browse(places: Places, visitor: Client) -> None:
    visitor.cookies["_fbc"] = f"fb.1.1596403881668.{EMAIL}"
    for address in ("planted-page", "page", "product", "public", "streamed", "cached", "capi/visitor"):
        places.keep(visitor.get(f"/{address}/{QUERY}", HTTP_REFERER=f"https://search.example.com/{QUERY}"))
    places.keep(visitor.get("/planted-page/", HTTP_HX_REQUEST="true"))


def act(places: Places, visitor: Client) -> None:
    places.keep(visitor.post("/planted-lead/" + QUERY))
    places.keep(visitor.post("/planted-lead/", HTTP_HX_REQUEST="true"))
    places.keep(visitor.post("/planted-lead/?away"))
    track("Subscribe", user_data=PERSON, custom_data=CUSTOM, consent=True)
    track("Purchase", user_data=PERSON, custom_data=CUSTOM, consent=True)  # refused here: it has no value
    track("StartTrial", user_data=MALFORMED, custom_data={**CUSTOM, "plan": {"of": EMAIL}}, consent=True)


def report(places: Places, visitor: Client) -> None:
    """What a page, and somebody who is no page, may post to the collector."""
    item = {"event_id": "0123456789abcdef", "pixels": ["1234567890123456"], "state": "fired", "mirror": True}
    sound = {**item, "event_name": "Search", "custom_data": CUSTOM}
    bodies: list[Any] = [
        {"events": [sound], "url": f"http://testserver/page/{QUERY}", "referrer": f"https://example.com/{QUERY}"},
        *({"events": [{**sound, key: EMAIL}]} for key in ("event_name", "event_id", "state", "pixels", "spec", "age")),
        EMAIL,
        [EMAIL],
    ]
    for body in bodies:
        places.keep(visitor.post("/capi/collect/", json.dumps(body), content_type="application/json"))
    places.keep(visitor.post("/capi/collect/", EMAIL, content_type="application/json"))
    places.keep(visitor.post("/capi/collect/", "{}", content_type="application/json", HTTP_ORIGIN=f"https://{EMAIL}"))


def buy(places: Places, visitor: Client) -> None:
    pk = visitor.post("/checkout/").json()["order"]
    Order.objects.filter(pk=pk).update(email=EMAIL)
    Client(HTTP_USER_AGENT="CornerBank/1.0").post(f"/webhook/{pk}/")
    places.keep(visitor.get(f"/thanks/{pk}/"))


def fail(places: Places, visitor: Client, settings: Settings) -> None:
    """Everything of the site's, and the database, raises with the planted data in the text."""
    sound = settings.CAPI
    for name in ("CONSENT", "EXCLUDE", "USER_DATA", "EXTERNAL_ID", "PIXEL_FOR"):
        settings.CAPI = {**sound, name: planted_data.raising}
        places.keep(visitor.post("/planted-lead/" + QUERY))
    settings.CAPI = sound
    fire(Note(pk=1))
    track("Lead", user_data=PERSON, event_time=EMAIL, action_source=EMAIL, consent=True)  # type: ignore[arg-type]
    with connection.execute_wrapper(refusing):
        places.keep(visitor.post("/planted-lead/" + QUERY))


def refusing(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    if sql.startswith("INSERT INTO") and Event._meta.db_table in sql:
        raise DatabaseError(f"{EMAIL} {TOKEN} in {sql} {params}")
    return execute(sql, params, many, context)


def send(places: Places, settings: Settings) -> None:
    """To Meta in every mood, through a proxy with a password, and to the terminal."""
    sound = settings.CAPI
    places.is_quoting = True
    pass_over()
    places.is_quoting = False
    for change in (
        {"ACCESS_TOKEN": f"{TOKEN}unknown"},
        {"PROXIES": {"http": f"http://user:{PASSWORD}@127.0.0.1:1"}},
        {"GRAPH_URL": "http://127.0.0.1:1"},
        {},
    ):
        settings.CAPI = {**sound, **change}
        pass_over()


def pass_over() -> None:
    lanes.resume([lane.pk for lane in Lane.objects.all()])
    deliver()
