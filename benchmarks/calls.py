"""Call Django's handlers directly, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from io import BytesIO
from statistics import median
from time import perf_counter
from typing import Any, Final

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from benchmarks import sample

Clock = Callable[[], float]

OURS: Final = "django_capi.middleware.CapiMiddleware"
DEFAULT_STACK: Final = (
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
AGENT: Final = str(sample.VISIT["client_user_agent"])
COOKIES: Final = f"_fbp={sample.VISIT['fbp']}; _fbc={sample.VISIT['fbc']}"


def alternate(
    calls: Mapping[str, Callable[[], object]], *, rounds: int, seconds: float, clock: Clock
) -> dict[str, list[float]]:
    """Seconds a call, one median a round. One call of each by turns: what else the machine does hits all alike."""
    _median_times(calls, seconds * len(calls) / 3, clock)  # the first calls fill caches
    found = [_median_times(calls, seconds * len(calls), clock) for _ in range(rounds)]
    return {name: [one[name] for one in found] for name in calls}


def _median_times(calls: Mapping[str, Callable[[], object]], seconds: float, clock: Clock) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in calls}
    end = perf_counter() + seconds
    order = list(calls.items())
    while perf_counter() < end or not all(taken.values()):
        # To and fro: else one of them would always come after the one that leaves the caches cold.
        order.reverse()
        for name, call in order:
            start = clock()
            call()
            taken[name].append(clock() - start)
    return {name: median(times) for name, times in taken.items()}


def wsgi(path: str, *middleware: str, method: str = "GET", body: Callable[[], bytes] = bytes) -> Callable[[], None]:
    """One request a call, a body of its own for each. A request that fails ends the run: it would look fast."""
    with override_settings(MIDDLEWARE=list(middleware)):
        handler = WSGIHandler()

    def call() -> None:
        response = handler(environ(path, method, body()), begin)
        b"".join(response)
        response.close()

    return call


def begin(status: str, _headers: list[tuple[str, str]], _error: object = None, /) -> Callable[[bytes], object]:
    """WSGI's `start_response`."""
    if not status.startswith("2"):
        raise SystemExit(status)
    return len


def environ(path: str, method: str, body: bytes) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "shop.example.com",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": sample.VISIT["client_ip_address"],
        "HTTP_HOST": "shop.example.com",
        "HTTP_USER_AGENT": AGENT,
        "HTTP_COOKIE": COOKIES,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "https",
        "wsgi.input": BytesIO(body),
    }


def asgi(runner: asyncio.Runner, path: str, *middleware: str, requests: int) -> Callable[[], None]:
    """As many requests a call, one after the other, in one event loop."""
    with override_settings(MIDDLEWARE=list(middleware)):
        handler = ASGIHandler()
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"shop.example.com"), (b"user-agent", AGENT.encode()), (b"cookie", COOKIES.encode())],
    }

    async def many() -> None:
        for _ in range(requests):
            await handler(dict(scope), receiver(), ignore)

    return lambda: runner.run(many())


def receiver() -> Callable[[], Any]:
    """An empty body, and then a client that stays."""
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop()

    return receive


async def ignore(message: object) -> None: ...
