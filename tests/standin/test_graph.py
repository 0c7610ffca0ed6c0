"""The request around the events: tokens, body forms, sizes, the shape of both answers."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from example_project.standin import Running
from tests.standin.asking import EVENTS, PIXEL, TOKEN, ask, post_form, post_json, seen, send
from tests.standin.events import website


def test_an_accepted_batch_is_counted_and_recorded_whole(url: str) -> None:
    events = [website(event_id=f"view-{number}") for number in range(3)]

    answer = send(url, *events)

    assert answer.json["events_received"] == 3
    assert answer.json["messages"] == []
    assert [copy["event"] for copy in seen(url)["server"]] == events


def test_a_recorded_event_has_its_names_beside_it(url: str) -> None:
    body = {"data": [website()], "test_event_code": "TEST1", "partner_agent": "django_capi"}

    post_json(url, EVENTS, body)

    copy = seen(url)["server"][0]
    assert (copy["pixel"], copy["event_name"], copy["event_id"]) == (PIXEL, "ViewContent", "view-1")
    assert copy["event_time"] == website()["event_time"]
    assert copy["test_event_code"] == "TEST1"


def test_answers_carry_the_headers_of_the_graph_api(url: str) -> None:
    answer = send(url, website())

    assert answer.headers["x-fb-trace-id"] == answer.json["fbtrace_id"]
    assert set(json.loads(answer.headers["X-App-Usage"])) == {"call_count", "total_time", "total_cputime"}
    assert answer.headers["Date"]


def test_an_error_has_the_shape_of_the_graph_api(url: str) -> None:
    answer = send(url, website(event_time=1))

    assert set(answer.json["error"]) == {
        "message",
        "type",
        "code",
        "error_subcode",
        "is_transient",
        "error_user_title",
        "error_user_msg",
        "fbtrace_id",
    }


@pytest.mark.parametrize("as_text", [False, True], ids=["objects", "texts"])
def test_events_come_as_objects_or_as_texts(url: str, as_text: bool) -> None:
    event = json.dumps(website()) if as_text else website()

    answer = send(url, event)

    assert answer.status == 200
    assert seen(url)["server"][0]["event"] == website()


def test_a_form_carries_the_events_as_text(url: str) -> None:
    fields = {"data": json.dumps([website()]), "access_token": "any", "test_event_code": "TEST1"}

    answer = post_form(url, EVENTS, fields)

    assert answer.json["events_received"] == 1
    assert seen(url)["server"][0]["test_event_code"] == "TEST1"


def test_the_token_comes_in_the_header_the_body_or_the_query(start: Callable[..., Running]) -> None:
    url = start(token="secret").url
    data = {"data": [website()]}

    by_header = post_json(url, EVENTS, data, headers={"Authorization": "Bearer secret"})
    by_body = post_json(url, EVENTS, {**data, "access_token": "secret"}, headers={})
    by_query = post_json(url, f"{EVENTS}?access_token=secret", data, headers={})

    assert [by_header.status, by_body.status, by_query.status] == [200, 200, 200]


@pytest.mark.parametrize("token", [None, "", "Bearer ", "Bearer other", "Basic secret"])
def test_a_missing_or_unknown_token_is_refused(start: Callable[..., Running], token: str | None) -> None:
    url = start(token="secret").url
    headers = {} if token is None else {"Authorization": token}

    answer = post_json(url, EVENTS, {"data": [website()]}, headers=headers)

    assert (answer.status, answer.json["error"]["code"]) == (400, 190)
    assert seen(url)["server"] == []


def test_any_token_will_do_when_none_is_named_but_one_must_be_there(url: str) -> None:
    data = {"data": [website()]}

    some = post_json(url, EVENTS, data, headers=TOKEN)
    none = post_json(url, EVENTS, data, headers={})

    assert (some.status, none.status) == (200, 400)


def test_a_demanded_proof_is_checked(start: Callable[..., Running]) -> None:
    url = start(token="secret", app_secret="app").url
    data = {"data": [website()]}
    headers = {"Authorization": "Bearer secret"}
    proof = hmac.new(b"app", b"secret", hashlib.sha256).hexdigest()

    missing = post_json(url, EVENTS, data, headers=headers)
    wrong = post_json(url, EVENTS, {**data, "appsecret_proof": proof[::-1]}, headers=headers)
    right = post_json(url, EVENTS, {**data, "appsecret_proof": proof}, headers=headers)

    assert [answer.status for answer in (missing, wrong, right)] == [400, 400, 200]
    for answer in (missing, wrong):
        assert (answer.json["error"]["code"], answer.json["error"]["type"]) == (100, "GraphMethodException")
        assert "appsecret_proof" in answer.json["error"]["message"]
        assert "error_subcode" not in answer.json["error"]


def test_a_pixel_that_is_no_number_does_not_exist(url: str) -> None:
    answer = post_json(url, "/v26.0/my-pixel/events", {"data": [website()]})

    assert (answer.json["error"]["code"], answer.json["error"]["error_subcode"]) == (100, 33)


@pytest.mark.parametrize(("count", "status"), [(1000, 200), (1001, 400)])
def test_a_batch_holds_a_thousand_events(url: str, count: int, status: int) -> None:
    answer = send(url, *[website()] * count)

    assert answer.status == status


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no json": b"{",
    "not utf-8": b'{"data": ["\xff"]}',
    "a list": b"[]",
    "no data": b"{}",
    "empty data": b'{"data": []}',
    "data is a number": b'{"data": 1}',
    "data is text": b'{"data": "x"}',
    "NaN": b'{"data": [{"event_time": NaN}]}',
    "deeply nested": b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a huge number": b'{"data": [{"event_time": ' + b"9" * 5_000 + b"}]}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_makes_no_sense_is_refused(url: str, body: bytes) -> None:
    headers = {**TOKEN, "Content-Type": "application/json"}

    answer = ask(url, EVENTS, method="POST", body=body, headers=headers)

    assert (answer.status, answer.json["error"]["code"]) == (400, 100)


AGENTS = {"x" * 22: 200, "x" * 23: 400, "a1": 400, "ab": 200, "": 400}


@pytest.mark.parametrize(("agent", "status"), AGENTS.items())
def test_a_partner_agent_is_short_and_has_letters(url: str, agent: str, status: int) -> None:
    answer = post_json(url, EVENTS, {"data": [website()], "partner_agent": agent})

    assert answer.status == status


def test_a_test_event_code_is_text(url: str) -> None:
    answer = post_json(url, EVENTS, {"data": [website()], "test_event_code": 7})

    assert answer.status == 400


def test_one_connection_serves_many_requests(standin: Running) -> None:
    connection = HTTPConnection(urlsplit(standin.url).netloc)
    body = json.dumps({"data": [website()]})

    for _ in range(3):
        connection.request("POST", EVENTS, body, {**TOKEN, "Content-Type": "application/json"})
        connection.getresponse().read()
    is_open = connection.sock is not None
    connection.close()

    assert is_open
    assert standin.state.seen.counts()["server"] == 3


def test_refusals_are_listed_with_code_and_subcode(standin: Running) -> None:
    send(standin.url, website(event_time=1), website())

    refusal = standin.state.seen.newest_refusals(1)[0]

    assert (refusal.code, refusal.subcode, refusal.field, refusal.events) == (100, 2804003, "event_time", 2)


def test_forgetting_counts_and_keeps_nothing(start: Callable[..., Running]) -> None:
    url = start(forget=True).url

    send(url, website(), website())

    assert seen(url)["server"] == []
    assert seen(url)["counts"]["server"] == 2
