"""A running stand-in with a clock of its own, and Chromium to visit it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Request

from example_project.standin import Running, serve
from tests.standin.events import NOW
from tests.standin.visiting import Visit
from tests.support.chromium import launched


@dataclass(kw_only=True)
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(clock: Clock) -> Iterator[Callable[..., Running]]:
    """Starts stand-ins with the options a test asks for; they end with the test."""
    started: list[Running] = []

    def start_one(**options: object) -> Running:
        started.append(serve(**{"clock": clock, **options}))  # type: ignore[arg-type]
        return started[-1]

    yield start_one
    for running in started:
        running.stop()


@pytest.fixture
def standin(start: Callable[..., Running]) -> Running:
    return start()


@pytest.fixture
def url(standin: Running) -> str:
    return standin.url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture
def html() -> dict[str, str]:
    return {"text": ""}


@pytest.fixture
def site(html: dict[str, str]) -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html["text"].encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def visit(context: BrowserContext, standin: Running, site: str, html: dict[str, str]) -> Visit:
    page = context.new_page()
    visit = Visit(page=page, standin=standin.url, site=site, html=html)

    def remember(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.path == "/tr/":
            visit.requests.append(dict(parse_qsl(request.post_data or parts.query, keep_blank_values=True)))

    page.on("request", remember)
    page.on("pageerror", lambda error: visit.errors.append(error.message))
    return visit
