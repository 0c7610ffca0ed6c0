from __future__ import annotations

import socket
import threading

import pytest
from pytest_django import Settings

from django_capi.conf import Pixel, Secret
from django_capi.delivery import client
from django_capi.meta.verdicts import RequestOutcome

PIXEL = Pixel(pixel_id="1234567890123456", access_token=Secret("token-that-must-not-leak-0123456789"))
BODY = '{"data":[]}'


def post(settings: Settings, url: str) -> client.Answer:
    settings.CAPI = {**settings.CAPI, "GRAPH_URL": url, "CONNECT_TIMEOUT": 0.3, "READ_TIMEOUT": 0.3}
    return client.GraphClient().post(PIXEL, BODY)


def hang_up(server: socket.socket) -> None:
    server.accept()[0].close()


def test_a_refused_connection_has_sent_nothing(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    answer = post(settings, f"http://127.0.0.1:{port}")

    assert (answer.verdict.outcome, answer.status) == (RequestOutcome.TRANSIENT, None)


def test_an_unknown_host_has_sent_nothing(settings: Settings) -> None:
    assert post(settings, "http://graph.invalid").verdict.outcome is RequestOutcome.TRANSIENT


def test_an_address_that_is_none_has_sent_nothing(settings: Settings) -> None:
    assert post(settings, "http://graph..example.com").verdict.outcome is RequestOutcome.TRANSIENT


def test_a_server_that_reads_and_says_nothing_leaves_a_doubt(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = post(settings, f"http://127.0.0.1:{server.getsockname()[1]}")

    assert answer.verdict.outcome is RequestOutcome.AMBIGUOUS


def test_a_line_that_breaks_after_the_body_leaves_a_doubt(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=hang_up, args=(server,), daemon=True).start()

        answer = post(settings, f"http://127.0.0.1:{server.getsockname()[1]}")

    assert answer.verdict.outcome is RequestOutcome.AMBIGUOUS


def test_the_environments_proxies_are_not_looked_at(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.getsockname()[1]}")

        answer = post(settings, "http://graph.invalid")

    assert answer.verdict.outcome is RequestOutcome.TRANSIENT


def test_a_token_shows_itself_only_when_asked() -> None:
    assert "must-not-leak" not in f"{PIXEL!r} {PIXEL.access_token} {PIXEL.access_token!r} {[PIXEL]}"
    assert PIXEL.access_token.reveal() == "token-that-must-not-leak-0123456789"


def test_a_proxy_that_refuses_has_sent_nothing(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings.CAPI = {**settings.CAPI, "PROXIES": {"http": f"http://127.0.0.1:{port}"}}

    assert post(settings, "http://graph.example.com").verdict.outcome is RequestOutcome.TRANSIENT
