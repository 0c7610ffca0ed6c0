"""A site for `pixel.js`: pages of given data blocks, and the three addresses the script posts to or asks.

It holds the script to its contract (docs/reference/browser.md) without Django; tests/story plays the whole app.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import django_htmx

import django_capi

SCRIPT = Path(django_capi.__file__).parent / "static/django_capi/pixel.js"
HTMX = Path(django_htmx.__file__).parent / "static/django_htmx/htmx-2.min.js"
PIXEL, OTHER_PIXEL = "1111111111", "2222222222"
FBP, STRANGERS_FBP = "fb.1.1596403881668.1116446470", "fb.1.1596403881668.2000000002"
PATIENCE = 30.0  # seconds
CONFIG = {
    "agent": None,
    "collect": "/collect/",
    "visitor": "/visitor/",
    "withdraw": "/withdraw/",
    "consent": True,
    "excluded": False,
    "pixels": [{"id": PIXEL}],
    "limited": False,
    "debug": True,
}

JSON = dict[str, Any]


def digest(text: str) -> str:
    """FNV-1a with 32 bits, as eight hexadecimal digits."""
    value = 0x811C9DC5
    for byte in text.encode("ascii"):
        value = (value ^ byte) * 0x01000193 % 2**32
    return f"{value:08x}"


def made_for(fbp: str) -> JSON:
    """The key that says for which browser a block was made."""
    return {"for": digest(fbp)}


def block(content: JSON, element_id: str) -> str:
    text = json.dumps(content).replace("<", "\\u003c")
    return f'<script type="application/json" id="{element_id}">{text}</script>'


def event(name: str = "ViewContent", event_id: str | None = "server-id-0001", **more: Any) -> JSON:
    return {"event_name": name, "custom_data": {}, "event_id": event_id, "spec": f"spec of {name}", **more}


@dataclass(frozen=True, kw_only=True)
class Page:
    body: str
    headers: JSON = field(default_factory=dict)


@dataclass(kw_only=True)
class Site:
    """What is served, what the addresses answer (the last answer repeats), and what was asked of them."""

    url: str
    standin: str
    pages: dict[str, Page] = field(default_factory=dict)
    visitor: deque[JSON | int] = field(default_factory=deque)
    collect: deque[JSON | int] = field(default_factory=deque)
    withdraw: deque[JSON | int] = field(default_factory=deque)
    posts: list[JSON] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    questions: list[JSON] = field(default_factory=list)
    withdrawals: list[JSON] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)  # closed: the visitor's address does not answer

    def put(self, path: str, *parts: str, events: Sequence[JSON] = (), head: str = "", **config: Any) -> str:
        """Serve a page with the configuration block and these parts of the body; its address."""
        content = {**CONFIG, "script": f"{self.standin}/en_US/fbevents.js", "events": [*events], **config}
        markup = f"{head}{block(content, 'capi-config')}<script src='/pixel.js' defer></script>"
        self.pages[path] = Page(body=f"<!doctype html><html><head>{markup}</head><body>{''.join(parts)}</body></html>")
        return self.url + path

    def items(self) -> list[JSON]:
        return [item for post in self.posts for item in post["events"]]

    def wait(self, is_true: Callable[[], object], what: str = "it") -> None:
        until = time.monotonic() + PATIENCE
        while not is_true():
            assert time.monotonic() < until, f"{what} did not happen; posts: {self.posts}"
            time.sleep(0.02)

    def reported(self, *names: str) -> list[JSON]:
        """The items with these names, once each name has come."""
        self.wait(lambda: set(names) <= {item["event_name"] for item in self.items()}, f"a report of {names}")
        return [item for item in self.items() if item["event_name"] in names]


def next_answer(answers: deque[JSON | int], usual: JSON | int) -> JSON | int:
    if not answers:
        return usual
    return answers.popleft() if len(answers) > 1 else answers[0]


class Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/pixel.js":
            self.reply(200, SCRIPT.read_bytes(), "text/javascript")
        elif parts.path == "/htmx.js":
            self.reply(200, HTMX.read_bytes(), "text/javascript")
        elif parts.path == "/visitor/":
            self.site.questions.append({name: values[0] for name, values in parse_qs(parts.query).items()})
            self.site.gate.wait(PATIENCE)
            self.answer(next_answer(self.site.visitor, {"consent": False}))
        elif parts.path in self.site.pages:
            page = self.site.pages[parts.path]
            self.reply(200, page.body.encode(), "text/html; charset=utf-8", page.headers)
        else:
            self.reply(404, b"", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/collect/":
            found = next_answer(self.site.collect, 204)
            if not isinstance(found, int) or found < 400:
                self.site.sizes.append(len(body))
                self.site.posts.append(json.loads(body))
            self.answer(found)
        elif self.path == "/withdraw/":
            self.site.withdrawals.append(json.loads(body))
            self.answer(next_answer(self.site.withdraw, 204))
        else:
            self.do_GET()

    def answer(self, found: JSON | int) -> None:
        if isinstance(found, int):
            self.reply(found, b"", "text/plain")
        else:
            self.reply(200, json.dumps(found).encode(), "application/json")

    def reply(self, status: int, body: bytes, content_type: str, headers: JSON | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": len(body), **(headers or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(standin: str) -> Iterator[Site]:
    handler = type("SiteHandler", (Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    site = Site(url=f"http://127.0.0.1:{server.server_port}", standin=standin)
    site.gate.set()
    handler.site = site  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
