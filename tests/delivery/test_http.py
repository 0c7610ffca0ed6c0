"""Servers answer slowly, endlessly or with certificates of their own: the request ends, and says whether it left."""

from __future__ import annotations

import gc
import os
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pytest_django import Settings

from django_capi.conf import Pixel, Secret
from django_capi.delivery import client, http
from django_capi.delivery.http import Failure, Received, Trouble
from django_capi.meta.verdicts import RequestOutcome
from tests.support.loopback import (
    HEAD,
    SUCCESS,
    WHOLE,
    Authority,
    Script,
    answering,
    make_authority,
    read_request,
    serving,
)

TOKEN = "token-that-must-not-leak-0123456789"
PIXEL = Pixel(pixel_id="1234567890123456", access_token=Secret(TOKEN))
BODY = '{"data":[]}'
LARGE = '{"data":["' + "x" * 8_000_000 + '"]}'  # more than the sockets of loopback take
PAUSE = 0.02  # seconds between two bytes: the whole answer takes many times the limit
AFTERWARDS = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> Iterator[None]:
    settings.CAPI = {**settings.CAPI, "CONNECT_TIMEOUT": 0.3, "READ_TIMEOUT": 0.3}
    yield
    http.session().close()


def post(settings: Settings, url: str, body: str = BODY) -> client.Answer:
    settings.CAPI = {**settings.CAPI, "GRAPH_URL": url}
    return client.GraphClient().post(PIXEL, body)


def dripping(at_once: bytes, slowly: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(at_once)
        for number in range(len(slowly)):
            connection.sendall(slowly[number : number + 1])
            time.sleep(PAUSE)

    return script


LENGTH, SPACE = b"Content-Length: 57\r\n", b" " * 100
SLOW = {
    "status line": dripping(b"", WHOLE),
    "header": dripping(b"HTTP/1.1 200 OK\r\n", b"X-Long: " + b"x" * 100 + b"\r\n" + LENGTH + b"\r\n" + SUCCESS),
    "body": dripping(HEAD + b"Content-Length: 157\r\n\r\n", SPACE + SUCCESS),
    "body until the end of the connection": dripping(HEAD + b"Connection: close\r\n\r\n", SPACE + SUCCESS),
    "chunks": dripping(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 30 + b"39\r\n" + SUCCESS + b"\r\n0\r\n\r\n"
    ),
    "provisional answers": dripping(AFTERWARDS, AFTERWARDS * 8 + WHOLE),
}


@pytest.mark.parametrize("script", SLOW.values(), ids=SLOW.keys())
def test_an_answer_that_comes_byte_by_byte_is_given_up_when_its_time_is_over(
    script: Script, settings: Settings
) -> None:
    with serving(script) as url:
        answer = post(settings, url)

    assert (answer.verdict.outcome, answer.status) == (RequestOutcome.AMBIGUOUS, None)


def test_a_slow_answer_by_tls_is_given_up_as_well(settings: Settings, authority: Authority) -> None:
    settings.CAPI = {**settings.CAPI, "CA_BUNDLE": authority.bundle}

    with serving(SLOW["body"], tls=authority.server) as url:
        answer = post(settings, url)

    assert answer.verdict.outcome is RequestOutcome.AMBIGUOUS


def test_a_server_that_takes_a_request_piece_by_piece_is_given_up(settings: Settings) -> None:
    def script(connection: socket.socket) -> None:
        left = len(LARGE)
        while left > 0:
            left -= len(connection.recv(60_000))
            time.sleep(PAUSE)
        connection.sendall(WHOLE)

    with serving(script) as url:
        answer = post(settings, url, LARGE)

    assert answer.verdict.outcome is RequestOutcome.AMBIGUOUS


def test_a_proxy_that_accepts_slowly_has_been_sent_nothing(settings: Settings) -> None:
    with serving(dripping(b"", b"HTTP/1.0 200 OK\r\nX-Long: " + SPACE + b"\r\n\r\n")) as proxy:
        settings.CAPI = {**settings.CAPI, "PROXIES": {"https": proxy}}
        answer = post(settings, "https://graph.example.com")

    assert answer.verdict.outcome is RequestOutcome.TRANSIENT


@pytest.mark.parametrize("status", [b"200 OK", b"302 Found\r\nLocation: /elsewhere"], ids=["success", "redirect"])
def test_an_answer_without_an_end_is_not_kept(status: bytes, settings: Settings) -> None:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 " + status + b"\r\n\r\n")
        while True:
            connection.sendall(b" " * 100_000)

    settings.CAPI = {**settings.CAPI, "READ_TIMEOUT": 60}
    with serving(script) as url:
        answer = post(settings, url)

    assert answer.verdict.outcome is RequestOutcome.AMBIGUOUS


def test_a_redirect_is_not_followed(settings: Settings) -> None:
    redirect = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"

    with serving(answering(redirect, WHOLE)) as url:
        answer = post(settings, url)

    assert (answer.verdict.outcome, answer.status) == (RequestOutcome.TRANSIENT, 302)


def test_one_connection_carries_many_requests(settings: Settings) -> None:
    connections: list[socket.socket] = []

    def script(connection: socket.socket) -> None:
        connections.append(connection)
        answering(WHOLE, WHOLE)(connection)

    with serving(script) as url:
        answers = [post(settings, url) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert len(connections) == 1


def test_a_kept_connection_has_the_whole_time_for_its_next_request(settings: Settings) -> None:
    def script(connection: socket.socket) -> None:
        for _ in range(3):
            read_request(connection)
            time.sleep(0.7)  # all three take longer than one may
            connection.sendall(WHOLE)

    settings.CAPI = {**settings.CAPI, "READ_TIMEOUT": 1.5}
    with serving(script) as url:
        answers = [post(settings, url) for _ in range(3)]

    assert [answer.status for answer in answers] == [200] * 3


def test_a_certificate_that_is_not_trusted_has_been_sent_nothing(settings: Settings, authority: Authority) -> None:
    with serving(answering(WHOLE), tls=authority.server) as url:
        answer = post(settings, url)

    assert answer.verdict.outcome is RequestOutcome.TRANSIENT
    assert "CA_BUNDLE" in answer.verdict.reason


@pytest.mark.parametrize("kind", [str, Path])
def test_a_bundle_of_ones_own_is_trusted(kind: type[str | Path], settings: Settings, authority: Authority) -> None:
    settings.CAPI = {**settings.CAPI, "CA_BUNDLE": kind(authority.bundle)}

    with serving(answering(WHOLE), tls=authority.server) as url:
        answer = post(settings, url)

    assert answer.verdict.outcome is RequestOutcome.ACCEPTED


def test_the_environments_bundle_is_not_looked_at(
    settings: Settings, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))

    with serving(answering(WHOLE), tls=authority.server) as url:
        answer = post(settings, url)

    assert answer.verdict.outcome is RequestOutcome.TRANSIENT


@pytest.mark.parametrize("content", [None, b"no certificate"], ids=["missing", "of another kind"])
def test_a_bundle_that_cannot_be_used_sends_nothing_and_is_named(
    content: bytes | None, settings: Settings, tmp_path: Path, authority: Authority
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    settings.CAPI = {**settings.CAPI, "CA_BUNDLE": str(bundle)}

    with serving(answering(WHOLE), tls=authority.server) as url:
        answer = post(settings, url)

    assert (answer.verdict.outcome, "CA_BUNDLE" in answer.verdict.reason) == (RequestOutcome.TRANSIENT, True)
    assert str(tmp_path) not in answer.verdict.reason


def test_an_error_before_the_request_has_sent_nothing(settings: Settings) -> None:
    with serving(answering(WHOLE)) as url:
        answer = post(settings, url, "\udc80")

    assert answer.verdict.outcome is RequestOutcome.TRANSIENT
    assert answer.verdict.reason == "Sending failed with UnicodeEncodeError; nothing was sent."


class Leak(KeyError):
    """Holds the token, and its traceback the frames that do."""


raised: list[weakref.ref[Leak]] = []


class Defective(requests.adapters.HTTPAdapter):
    """An adapter of a site's own, which fails before or after it has sent the request."""

    def __init__(self, *, first: bool) -> None:
        super().__init__()
        self.first = first
        self.inner = http.Adapter()

    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        if not self.first:
            self.inner.send(request, *args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        error = Leak(request.headers["Authorization"])
        raised.append(weakref.ref(error))
        raise error


@pytest.mark.parametrize(
    ("first", "outcome"), [(True, RequestOutcome.TRANSIENT), (False, RequestOutcome.AMBIGUOUS)], ids=["before", "after"]
)
def test_an_error_that_nobody_foresaw_is_judged_by_what_has_left(
    first: bool, outcome: RequestOutcome, settings: Settings
) -> None:
    with serving(answering(WHOLE)) as url:
        http.session().mount(url, Defective(first=first))
        answer = post(settings, url)
        http.session().adapters.pop(url)

    assert answer.verdict.outcome is outcome
    assert "Leak" in answer.verdict.reason
    assert TOKEN not in repr(answer)


def test_no_exception_is_left_behind_whose_frames_hold_the_token(settings: Settings) -> None:
    with serving(answering(WHOLE)) as url:
        http.session().mount(url, Defective(first=True))
        post(settings, url)
        http.session().adapters.pop(url)

    gc.collect()
    assert raised.pop()() is None


def test_a_server_without_tls_is_told_from_one_that_is_not_there(settings: Settings) -> None:
    with serving(lambda connection: connection.sendall(WHOLE)) as url:
        answer = http.exchange("GET", url.replace("http:", "https:"))

    assert isinstance(answer, Failure)
    assert (answer.trouble, answer.sent, answer.error) == (Trouble.CERTIFICATE, False, "SSLError")


def test_an_answer_that_is_no_text_is_read_all_the_same(settings: Settings) -> None:
    with serving(answering(HEAD + b"Content-Length: 1\r\n\r\n\xff")) as url:
        answer = http.exchange("GET", url)

    assert isinstance(answer, Received)
    assert (answer.status, answer.body) == (200, "\ufffd")


def test_a_session_is_kept_and_belongs_to_one_thread() -> None:
    found: list[requests.Session] = []

    thread = threading.Thread(target=lambda: found.append(http.session()))
    thread.start()
    thread.join()

    assert http.session() is http.session()
    assert http.session() is not found[0]


def test_a_forked_child_makes_its_own_session() -> None:
    parent = http.session()
    http._local.pid = os.getpid() + 1  # what a fork leaves behind

    assert http.session() is not parent


def test_every_pool_of_urllib3_gets_connections_with_limits() -> None:
    pools = http.session().get_adapter("https://").poolmanager.pool_classes_by_scheme  # type: ignore[attr-defined]

    assert {issubclass(pool.ConnectionCls, http.Connection) for pool in pools.values()} == {True}
    assert {http.limited(pool) is pool for pool in pools.values()} == {True}
