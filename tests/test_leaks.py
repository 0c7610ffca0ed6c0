"""Contact data and tokens planted at every way in, and a search at every place that keeps or shows something.

The visitor's address, agent and Meta's cookies go to Meta as they are; what must not hold them, too, is a log.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from celery import Celery
from celery.app import app_or_default
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import checks
from django.core.management import CommandError, call_command
from django.test import AsyncClient, Client, RequestFactory
from pytest_django import Settings

from django_capi.browser import specs
from django_capi.collector.reports import ItemContext, report_from
from django_capi.conf import conf
from django_capi.delivery import client as graph
from django_capi.delivery import due, http, lanes, nudge
from django_capi.ledger.store import store
from django_capi.meta.events import CustomData, InvalidEvent, UserData
from django_capi.models import Event, Origin, Snapshot, Status
from django_capi.requests.visitor import from_request
from django_capi.tracking import track
from django_capi.tracking.actions import Action, entry_of
from django_capi.tracking.page import RequestEvents
from example_project.standin import server as standin
from tests.conftest import ADDRESS, AGENT, FBP, HEADERS
from tests.site.models import Note, Order
from tests.support import leak_scan, planted_data
from tests.support.leak_scan import Places
from tests.support.planted_data import APP_SECRET, CUSTOM, EMAIL, PASSWORD, PERSON, QUERY, TOKEN, leaks
from tests.support.registration import registering

pytestmark = pytest.mark.django_db

ADMIN_PAGES = (
    "", "event/", "deduplication/", "datafreshness/", "datasetquality/", "lane/", "batch/", "conversionmark/"
)  # fmt: skip


@pytest.fixture
def places(settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Places]:
    caplog.set_level(logging.DEBUG)
    found = Places()
    monkeypatch.setattr(standin, "route", found.route)
    running = standin.serve(token=TOKEN, app_secret=APP_SECRET)
    settings.ROOT_URLCONF = planted_data.__name__
    settings.CAPI = {
        **settings.CAPI,
        "SENDER": "graph",
        "GRAPH_URL": running.url,
        "ACCESS_TOKEN": TOKEN,
        "APP_SECRET": APP_SECRET,
        "USER_DATA": planted_data.signed_in,
        "EXTERNAL_ID": planted_data.external_id,
    }
    with registering(Note, planted_data.Broken):
        yield found
    http.session().close()
    running.stop()


@pytest.fixture
def celery_app() -> Iterator[Celery]:
    before = app_or_default()
    app = Celery("site", fixups=[], broker="memory://")
    app.conf.task_default_queue = uuid.uuid4().hex
    app.set_current()
    app.set_default()
    yield app
    app.close()
    before.set_current()
    before.set_default()


@pytest.fixture
def lived(places: Places, visitor: Client, async_visitor: AsyncClient, settings: Settings) -> Places:
    """A site on which the planted data has gone every way in, and on to Meta."""
    visitor.force_login(User.objects.create_user("somebody"))
    leak_scan.browse(places, visitor)
    places.keep(async_to_sync(async_visitor.post)("/planted-lead-async/" + QUERY, headers=HEADERS))
    leak_scan.act(places, visitor)
    leak_scan.report(places, visitor)
    leak_scan.buy(places, visitor)
    leak_scan.fail(places, visitor, settings)
    leak_scan.send(places, settings)
    return places


def records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [*caplog.get_records("setup"), *caplog.get_records("call")]


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Every record as a line, and with what a structured logger would take from it besides."""
    lines = [caplog.handler.format(record) for record in records(caplog)]
    ours = ("django_capi", "celery", "kombu", "amqp", "requests", "urllib3")
    inside = [repr(vars(record)) for record in records(caplog) if record.name.partition(".")[0] in ours]
    return "\n".join([*lines, *inside])


def tables() -> dict[str, str]:
    """Every column of every row of every model, but for the shop's own order, where the address comes from."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if not issubclass(model, Order):
            rows = [dict(row) for row in model._base_manager.values()]
            found[model._meta.label] = repr(rows)
    found["decoded sessions"] = repr([session.get_decoded() for session in Session.objects.all()])
    return found


def test_the_planted_data_has_gone_its_ways(lived: Places, caplog: pytest.LogCaptureFixture) -> None:
    names = set(Event.objects.values_list("event_name", flat=True))
    states = set(Event.objects.values_list("status", flat=True))
    origins = set(Event.objects.values_list("origin", flat=True))
    carrying = Event.objects.filter(payload__contains=str(UserData.from_raw({"em": EMAIL}).payload()["em"]))

    assert names >= {"PageView", "Search", "Lead", "Contact", "Schedule", "Subscribe", "Purchase", "StartTrial"}
    assert states >= {Status.ACCEPTED, Status.REJECTED}
    assert origins == set(Origin)
    assert set(carrying.values_list("event_name", flat=True)) >= {"Lead", "Purchase", "Search", "Schedule"}
    assert Snapshot.objects.exists()
    assert len(lived.answers) >= 30
    assert {record.name.partition(".")[0] for record in records(caplog)} >= {"django_capi", "urllib3"}


def test_the_search_finds_what_is_there(places: Places, visitor: Client, caplog: pytest.LogCaptureFixture) -> None:
    visitor.get("/planted-page/")
    Event.objects.update(object_ref=EMAIL, payload=f"{TOKEN} {PERSON}")
    logging.getLogger("django_capi").error("%s", ADDRESS, extra={"person": PERSON})

    assert set(leaks(tables()["django_capi.Event"])) >= {"jane.planted", "wilhelmine", "eaaplantedtoken"}
    assert set(leaks(logged(caplog), ADDRESS)) >= {"plantagenova", ADDRESS}


def test_no_table_holds_contact_data_or_tokens(lived: Places) -> None:
    assert {label: found for label, text in tables().items() if (found := leaks(text))} == {}


def test_no_log_record_holds_contact_data_tokens_or_the_visitor(
    lived: Places, caplog: pytest.LogCaptureFixture
) -> None:
    assert leaks(logged(caplog), ADDRESS, AGENT, FBP) == []


def test_no_answer_of_the_site_holds_contact_data_or_tokens(lived: Places) -> None:
    assert [found for answer in lived.answers if (found := leaks(answer))] == []


def test_no_address_and_no_body_on_the_way_to_meta_holds_contact_data_or_tokens(lived: Places) -> None:
    assert len(lived.requests) > 3
    assert leaks("\n".join(f"{request.path}?{request.query}" for request in lived.requests), ADDRESS, FBP) == []
    assert leaks("\n".join(request.body.decode() for request in lived.requests)) == []


def test_no_page_of_the_admin_holds_contact_data_or_tokens(lived: Places, client: Client) -> None:
    client.force_login(User.objects.create_superuser("nadia"))
    base = "/admin/django_capi/"
    pks = list(Event.objects.values_list("pk", flat=True))
    chosen = {"action": "resend_selected", "_selected_action": pks}
    client.post(f"{base}event/", chosen)

    pages = [f"{base}{name}" for name in ADMIN_PAGES]
    pages += [f"{base}event/{pk}/{page}/" for pk in pks for page in ("change", "history", "delete")]
    answers = {address: client.get(address) for address in pages}

    assert {response.status_code for response in answers.values()} <= {200, 403}
    assert {address: found for address, page in answers.items() if (found := leaks(page.content.decode()))} == {}
    assert not leaks("".join(tables().values()))


def test_the_message_on_the_broker_says_nothing_of_anybody(lived: Places, celery_app: Celery) -> None:
    published = nudge.publish()

    with celery_app.connection_for_read() as broker:
        channel: Any = broker.default_channel
        message = channel.basic_get(celery_app.conf.task_default_queue, no_ack=True)
    assert published
    assert leaks(repr(vars(message)) + str(message.body), ADDRESS, AGENT, FBP) == []


def test_a_broker_that_refuses_has_its_password_in_no_log(celery_app: Celery, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    celery_app.conf.update(broker_url=f"amqp://user:{PASSWORD}@127.0.0.1:1//")

    assert not nudge.publish()

    assert leaks(logged(caplog)) == []


def test_no_command_prints_contact_data_or_tokens(lived: Places, settings: Settings, capfd: Any) -> None:
    out = StringIO()
    settings.CAPI = {**settings.CAPI, "SENDER": "console", "TEST_EVENT_CODE": "TEST123"}
    track("Lead", user_data=PERSON, custom_data=CUSTOM, consent=True)

    call_command("capi_deliver", stdout=out)
    settings.CAPI = {**settings.CAPI, "SENDER": "graph"}
    with suppress(CommandError):
        call_command("capi_doctor", stdout=out)

    printed = out.getvalue() + "".join(capfd.readouterr())
    assert "Lead" in printed
    assert leaks(printed, ADDRESS, AGENT, FBP) == []


@pytest.mark.parametrize(
    "key",
    ["ACCESS_TOKEN", "APP_SECRET", "CA_BUNDLE", "PIXEL_ID", "CONSENT", "PIXELS", "PROXIES", "GRAPH_URL", "ID_SECRET"],
)
def test_no_check_quotes_a_value_that_may_be_a_secret(settings: Settings, key: str) -> None:
    for value in (f"{TOKEN} {PASSWORD}\n", [TOKEN], {"main": {"PIXEL_ID": TOKEN, "ACCESS_TOKEN": [TOKEN]}}):
        settings.CAPI = {**settings.CAPI, key: value}

        messages = checks.run_checks(tags=["capi"], include_deployment_checks=True)

        assert leaks(repr(messages) + "".join(map(str, messages))) == []


@pytest.mark.parametrize("values", [{"event_name": " "}, {"event_id": [EMAIL]}], ids=["no name", "an id that is none"])
def test_an_exception_of_ours_names_the_field_and_not_the_value(settings: Settings, values: dict[str, Any]) -> None:
    settings.DEBUG = True

    with pytest.raises(InvalidEvent) as raised:
        track(**{"event_name": "Lead", "user_data": PERSON, "custom_data": CUSTOM, "consent": True, **values})

    error = raised.value
    assert leaks(f"{error!r} {error} {error.__cause__!r} {error.__context__!r}") == []


def test_nothing_shows_contact_data_tokens_or_the_visitor_in_its_repr(rf: RequestFactory, settings: Settings) -> None:
    settings.CAPI = {
        **settings.CAPI,
        "ACCESS_TOKEN": TOKEN,
        "APP_SECRET": APP_SECRET,
        "USER_DATA": planted_data.signed_in,
    }
    request = rf.get("/page/", HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS)
    request.COOKIES["_fbp"] = FBP
    made = Action(
        event_name="Lead",
        event_id="lead-00000001",
        event_time=int(time.time()),
        user_data=UserData.from_raw(PERSON),
        custom_data=CustomData.from_raw(CUSTOM),
    )
    report = {"event_name": "Search", "event_id": "search-00000001", "pixels": ["1"], "state": "fired"}
    context = ItemContext(page_pixels={"1"}, all_pixels={"1"}, fbp=FBP)
    entry = entry_of(made, from_request(request))
    store([entry], conf.pixels().values())
    held = lanes.claim("1234567890123456")
    assert held

    things = [
        from_request(request),
        made,
        entry,
        entry.event,
        RequestEvents(request),
        context,
        report_from(0, {**report, "custom_data": CUSTOM}, context),
        specs.read(specs.sign("Search", CUSTOM, fbp=FBP)),
        Event.objects.get(),
        due.read(held, limit=1),
        graph.SentRequest(pixel_id="1", body=json.dumps(PERSON)),
        conf.pixels(),
    ]

    assert {repr(thing): found for thing in things if (found := leaks(repr(thing), ADDRESS, AGENT, FBP))} == {}
