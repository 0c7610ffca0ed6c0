"""Asking the stand-in, and servers that answer otherwise, over real HTTP."""

from __future__ import annotations

import json
import socket
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django import Settings

from django_capi.conf import conf
from django_capi.delivery import http
from django_capi.meta.proof import appsecret_proof
from django_capi.models import QualityProblem
from django_capi.quality.client import QualityRefusal, QualityReport, ask
from django_capi.quality.fields import FIELDS
from example_project.standin.server import Running
from tests.quality.reading import PIXEL_ID, TOKEN, fire, saying, send, switch, web
from tests.support.loopback import Script, read_request, serving

pytestmark = pytest.mark.django_db


def asked() -> QualityReport | QualityRefusal:
    return ask(conf.pixels()["main"])


def report() -> QualityReport:
    found = asked()
    assert isinstance(found, QualityReport)
    return found


def refusal() -> QualityRefusal:
    found = asked()
    assert isinstance(found, QualityRefusal)
    return found


def test_the_figures_are_those_of_what_meta_saw(meta: Running) -> None:
    fire(meta, "a", "b")
    send(meta, "a", "c")

    (purchase,) = report().events

    assert (purchase.event_name, purchase.event_coverage, purchase.coverage_goal) == ("Purchase", 50.0, 75.0)
    assert [(key.dedupe_key, key.browser, key.server, key.coverage) for key in purchase.dedupe_keys] == [
        ("event_id", 100.0, 100.0, 50.0),
        ("external_id", 0.0, 0.0, 0.0),
        ("fbp", 0.0, 0.0, 0.0),
    ]
    assert {key.identifier for key in purchase.match_keys} == {"email", "user_agent", "ip_address"}
    assert purchase.composite_score is not None and 0 < purchase.composite_score <= 10
    assert (purchase.upload_frequency, purchase.acr) == ("real_time", 33.33)


def test_a_dataset_without_events_has_no_figures(meta: Running) -> None:
    assert report() == QualityReport(events=())


@pytest.mark.parametrize("spelling", ["dedupe_key_feedback", "dedup_key_feedback"])
def test_either_spelling_of_the_deduplication_keys_gives_the_same_figures(meta: Running, spelling: str) -> None:
    fire(meta, "a", "b")
    send(meta, "a", "c")
    first = report()
    meta.state.quality.dedupe_field = spelling

    assert report() == first


@pytest.mark.parametrize("gone", [field.name for field in FIELDS])
def test_a_field_that_meta_does_not_have_costs_only_itself(meta: Running, gone: str) -> None:
    fire(meta, "a")
    send(meta, "a")
    whole = report()
    meta.state.quality.gone = frozenset({gone})

    found = report()

    assert found.unknown_fields == (gone,)
    (event,), (before,) = found.events, whole.events
    names = ("composite_score", "event_coverage", "dedupe_keys", "upload_frequency", "acr")
    lost = dict(zip([field.name for field in FIELDS], names, strict=True))[gone]
    assert not getattr(event, lost)
    assert {name: getattr(event, name) for name in names if name != lost} == {
        name: getattr(before, name) for name in names if name != lost
    }


def test_without_any_field_there_is_a_reason(meta: Running) -> None:
    meta.state.quality.gone = frozenset(field.name for field in FIELDS)

    assert refusal().problem is QualityProblem.FIELDS


def test_a_token_without_the_permission_is_named(meta: Running) -> None:
    meta.state.quality.is_permitted = False

    found = refusal()

    assert (found.problem, found.code) == (QualityProblem.PERMISSION, 10)
    assert found.fbtrace_id


@pytest.mark.parametrize(
    ("answer", "problem", "code", "subcode"),
    [
        ("token_expired", QualityProblem.TOKEN, 190, 463),
        ("app_deleted", QualityProblem.TOKEN, 101, None),
        ("permission", QualityProblem.DATASET, 100, 33),
        ("proof_required", QualityProblem.SETTINGS, 100, None),
        ("version_gone", QualityProblem.SETTINGS, 2635, None),
        ("bad_call", QualityProblem.SETTINGS, 100, None),
        ("throttled", QualityProblem.THROTTLED, 80004, None),
        ("429", QualityProblem.THROTTLED, 4, None),
        ("500", QualityProblem.UNREACHABLE, 2, None),
        ("html", QualityProblem.UNREACHABLE, None, None),
        ("unavailable", QualityProblem.UNREACHABLE, None, None),
        ("nothing", QualityProblem.UNREACHABLE, None, None),
        ("truncated", QualityProblem.UNREADABLE, None, None),
    ],
)
def test_each_failure_has_its_name_and_meta_s_code(
    meta: Running, answer: str, problem: QualityProblem, code: int | None, subcode: int | None
) -> None:
    switch(meta, answer)

    found = refusal()

    assert (found.problem, found.code, found.subcode) == (problem, code, subcode)


def test_a_failure_in_the_middle_ends_the_search_for_fields(settings: Settings) -> None:
    unknown = b'{"error": {"code": 100, "type": "OAuthException", "message": "(#100) nonexisting field"}}'
    throttled = b'{"error": {"code": 4, "message": "(#4) Application request limit reached"}}'
    heard: list[bytes] = []
    with saying(unknown, heard, then=(web(), throttled)) as url:
        settings.CAPI = {**settings.CAPI, "GRAPH_URL": url}
        found = refusal()

    assert found.problem is QualityProblem.THROTTLED
    assert len(heard) == 3


def test_another_token_is_refused(meta: Running, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "ACCESS_TOKEN": "another"}

    assert refusal().problem is QualityProblem.TOKEN


def test_the_proof_is_that_of_token_and_secret(meta: Running, settings: Settings) -> None:
    meta.require_proof("the-secret")
    without = refusal()
    settings.CAPI = {**settings.CAPI, "APP_SECRET": "the-secret"}

    assert without.problem is QualityProblem.SETTINGS
    assert report() == QualityReport(events=())


def test_the_token_is_in_the_header_and_in_no_address(settings: Settings) -> None:
    heard: list[bytes] = []
    with saying(web(), heard) as url:
        secrets = {"ACCESS_TOKEN": TOKEN, "APP_SECRET": "the-secret"}
        settings.CAPI = {**settings.CAPI, **secrets, "GRAPH_URL": f"{url}/"}
        found = asked()
        http.session().close()

    line, _, head = heard[0].decode().partition("\r\n")
    method, address, _ = line.split()
    assert found == QualityReport(events=())
    assert (method, urlsplit(address).path) == ("GET", "/v26.0/dataset_quality")
    assert TOKEN not in line
    assert f"Authorization: Bearer {TOKEN}" in head
    query = parse_qs(urlsplit(address).query)
    assert set(query) == {"dataset_id", "fields", "appsecret_proof"}
    assert query["dataset_id"] == [PIXEL_ID]
    assert query["appsecret_proof"] == [appsecret_proof(app_secret="the-secret", access_token=TOKEN)]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"web": 1}', b'"web"', b"\xff\xfe"])
def test_an_answer_of_another_form_is_unreadable(settings: Settings, body: bytes) -> None:
    with saying(body, []) as url:
        settings.CAPI = {**settings.CAPI, "GRAPH_URL": url}

        assert refusal().problem is QualityProblem.UNREADABLE


def test_an_answer_that_is_too_large_is_not_read(settings: Settings) -> None:
    with saying(b" " * (http.LARGEST_ANSWER + 1), []) as url:
        settings.CAPI = {**settings.CAPI, "GRAPH_URL": url}

        assert refusal().problem is QualityProblem.UNREACHABLE


def test_a_redirect_is_not_followed_with_the_token(settings: Settings) -> None:
    heard: list[bytes] = []
    with saying(web(), heard) as other, serving(redirecting_to(other)) as url:
        settings.CAPI = {**settings.CAPI, "GRAPH_URL": url}
        found = refusal()

    assert found.problem is QualityProblem.UNREACHABLE
    assert heard == []


def redirecting_to(address: str) -> Script:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        head = f"HTTP/1.1 302 Found\r\nLocation: {address}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())

    return script


def test_a_server_that_never_ends_its_answer_is_left_in_time(settings: Settings) -> None:
    def dripping(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(200):
            connection.sendall(b" ")
            time.sleep(0.02)

    with serving(dripping) as url:
        settings.CAPI = {**settings.CAPI, "GRAPH_URL": url, "CONNECT_TIMEOUT": 0.2, "READ_TIMEOUT": 0.2}

        assert refusal().problem is QualityProblem.UNREACHABLE


def test_an_error_that_quotes_the_token_leaves_no_trace_of_it(settings: Settings) -> None:
    error = {"message": TOKEN, "type": TOKEN, "code": 190, "error_user_msg": TOKEN, "fbtrace_id": f"{TOKEN} {TOKEN}"}
    with saying(json.dumps({"error": error}).encode(), [], status="400 Bad Request") as url:
        settings.CAPI = {**settings.CAPI, "GRAPH_URL": url, "ACCESS_TOKEN": TOKEN}
        found = refusal()

    assert found.problem is QualityProblem.TOKEN
    assert TOKEN not in repr(found)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://graph.invalid"], ids=["refused", "unknown"])
def test_a_server_that_cannot_be_reached_is_no_exception(settings: Settings, url: str) -> None:
    settings.CAPI = {**settings.CAPI, "GRAPH_URL": url, "CONNECT_TIMEOUT": 0.3}

    assert refusal().problem is QualityProblem.UNREACHABLE
