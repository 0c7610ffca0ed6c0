"""Junk gets a 4xx, the process starts and stops cleanly, and a stopped stand-in is really gone."""

from __future__ import annotations

import ast
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from example_project import standin as standin_package
from example_project.standin import Running, serve
from tests.standin.asking import EVENTS, ask, post_json

RAW: dict[str, tuple[bytes, bytes]] = {
    "not http": (b"hello\r\n\r\n", b"400"),
    "unknown method": (b"JUNK / HTTP/1.1\r\nHost: a\r\n\r\n", b"405"),
    "endless request line": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
    "endless header": (b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
    "length is no number": (b"POST /tr HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
    "length is negative": (b"POST /tr HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
    "length is huge": (b"POST /tr HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
    "chunked": (b"POST /tr HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
    "bytes in the path": (b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n", b"404"),
    "climbing path": (b"GET /_static/../server.py HTTP/1.1\r\nHost: a\r\n\r\n", b"404"),
    "unknown static file": (b"GET /_static/nothing.css HTTP/1.1\r\nHost: a\r\n\r\n", b"404"),
}


def exchange(url: str, request: bytes) -> bytes:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(1_000)


@pytest.mark.parametrize(("request_bytes", "status"), RAW.values(), ids=RAW)
def test_junk_gets_a_4xx_and_no_traceback(
    url: str, capfd: pytest.CaptureFixture[str], request_bytes: bytes, status: bytes
) -> None:
    answer = exchange(url, request_bytes)

    assert answer.split(b" ")[1] == status
    assert capfd.readouterr().err == ""


def test_a_visitor_who_leaves_early_is_no_news(standin: Running, capfd: pytest.CaptureFixture[str]) -> None:
    others = set(threading.enumerate())  # such as those of a live server that keeps a connection of another test
    parts = urlsplit(standin.url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        # Closed with a reset, in the middle of the body.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(b"POST /tr HTTP/1.1\r\nContent-Length: 100\r\n\r\nid=1")

    after = ask(standin.url, "/_counts.json")
    for thread in set(threading.enumerate()) - others:
        thread.join(timeout=10)

    assert after.json["browser"] == 0
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", EVENTS),
        ("DELETE", "/"),
        ("PUT", "/tr"),
        ("POST", "/_seen.json"),
        ("GET", "/_reset"),
        ("PATCH", "/_control"),
    ],
)
def test_a_method_that_is_not_allowed_names_those_that_are(url: str, method: str, path: str) -> None:
    answer = ask(url, path, method=method)

    assert answer.status == 405
    assert answer.headers["Allow"]


def test_an_unknown_path_is_not_found(url: str) -> None:
    answer = post_json(url, "/v26.0/1/nothing", {})

    assert answer.status == 404


def test_head_has_no_body_and_options_say_what_is_allowed(url: str) -> None:
    head = ask(url, "/", method="HEAD")
    options = ask(url, EVENTS, method="OPTIONS")

    assert (head.status, head.body) == (200, b"")
    assert options.headers["Access-Control-Allow-Methods"] == "POST"


def test_a_stopped_stand_in_answers_nobody(start: Callable[..., Running]) -> None:
    running = start()
    connection = HTTPConnection(urlsplit(running.url).netloc)
    connection.request("GET", "/_counts.json")
    connection.getresponse().read()

    running.stop()

    with pytest.raises(ConnectionError):
        ask_again(connection)
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        ask(running.url, "/")


def ask_again(connection: HTTPConnection) -> None:
    connection.request("GET", "/_counts.json")
    connection.getresponse()


def test_two_stand_ins_share_nothing(start: Callable[..., Running]) -> None:
    first, second = start(), start()

    ask(first.url, "/tr/?id=1&ev=PageView")

    assert ask(first.url, "/_counts.json").json["browser"] == 1
    assert ask(second.url, "/_counts.json").json["browser"] == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "203.0.113.7", "example.com", ""])
def test_it_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(ValueError, match=r"loopback|address"):
        serve(host=host)


def run(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "example_project.standin", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_process_says_when_it_is_ready_and_stops_when_told(how: signal.Signals) -> None:
    with run("--port", "0", "--token", "secret", "--shop", "http://127.0.0.1:8000") as process:
        assert process.stdout is not None
        ready, url = process.stdout.readline().split()
        counts = ask(url, "/_counts.json").json
        process.send_signal(how)
        rest, errors = process.communicate(timeout=20)

    assert (ready, counts["requests"]) == ("ready", 0)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_a_taken_port_is_said_and_not_survived(standin: Running) -> None:
    with run("--port", str(urlsplit(standin.url).port)) as process:
        _, errors = process.communicate(timeout=20)

    assert process.returncode == 1
    assert "cannot start" in errors
    assert "Traceback" not in errors


def test_it_shares_no_code_with_the_app_it_judges() -> None:
    sources = [ast.parse(path.read_text()) for path in Path(standin_package.__file__).parent.rglob("*.py")]

    imported = {name for source in sources for node in ast.walk(source) for name in imports(node)}

    foreign = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}
    assert imported
    assert {name for name in foreign if not name.startswith("example_project.standin")} == set()


def imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or "."] if isinstance(node, ast.ImportFrom) else []
