"""Send one HTTP request and read its answer, within a limit of seconds and of bytes.

The read timeout of `requests` is the longest pause between two bytes, so a server that sends one byte a second would
hold a worker for as long as it likes. Here the socket's timeout shrinks with each read to the time that is left.
"""

from __future__ import annotations

import io
import os
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from http.client import HTTPResponse
from socket import socket
from time import monotonic
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.poolmanager import PoolManager

from django_capi.conf import Secret, conf

LARGEST_ANSWER: Final = 1_000_000  # bytes; Meta's answers have some hundred
READ_SIZE: Final = 16 * 1024
PIECE: Final = 16 * 1024  # bytes sent at once: a TLS record, so that each has the timeout to itself


class Trouble(StrEnum):
    """Why there is no answer."""

    CONNECTION = "connection"
    CERTIFICATE = "certificate"
    BUNDLE = "bundle"
    UNFORESEEN = "unforeseen"


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """No complete answer came. `sent` is False only if no byte of the request can have left this machine."""

    trouble: Trouble
    sent: bool
    error: str  # the class of the exception; its text and its frames may hold the token


class Bearer(AuthBase):
    """Puts the token on the request at the last moment, so that no frame of ours holds it in clear."""

    def __init__(self, token: Secret) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token.reveal()}"
        return request


def exchange(method: str, url: str, *, body: str | None = None, token: Secret | None = None) -> Received | Failure:
    """Send a request, with its body as JSON, and wait for the complete answer. Never raises.

    Every exception ends here, because the frames below hold the token and error reporters show local variables.
    """
    _local.attempt = attempt = Attempt(seconds=conf.CONNECT_TIMEOUT + conf.READ_TIMEOUT)
    if conf.CA_BUNDLE and not os.path.exists(conf.CA_BUNDLE):  # noqa: PTH110  # a str or a path of any kind
        return Failure(trouble=Trouble.BUNDLE, sent=False, error=FileNotFoundError.__name__)
    try:
        with session().request(
            method,
            url,
            data=None if body is None else body.encode(),
            headers=None if body is None else {"Content-Type": "application/json"},
            auth=Bearer(token) if token else None,
            timeout=(conf.CONNECT_TIMEOUT, conf.READ_TIMEOUT),
            stream=True,
        ) as response:
            return Received(status=response.status_code, headers=response.headers, body=read_body(response))
    except Exception as error:  # noqa: BLE001  # see the docstring
        return Failure(trouble=trouble(error), sent=attempt.has_begun, error=type(error).__name__)


def read_body(response: requests.Response) -> str:
    """Return the body, decoded as UTF-8. Raise RequestException if it is larger than LARGEST_ANSWER."""
    body = bytearray()
    for piece in response.iter_content(READ_SIZE):
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise requests.RequestException("the answer is too large")
    return body.decode(errors="replace")


def trouble(error: BaseException) -> Trouble:
    if any(isinstance(cause, ssl.SSLError) for cause in causes(error)):
        return Trouble.CERTIFICATE
    return Trouble.CONNECTION if isinstance(error, (requests.RequestException, HTTPError)) else Trouble.UNFORESEEN


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__


_local = threading.local()


def session() -> requests.Session:
    """Return this thread's session. A forked child makes a new one, as processes must not share a socket."""
    if getattr(_local, "pid", None) != os.getpid():
        _local.session = Session()
        _local.pid = os.getpid()
    found: requests.Session = _local.session
    found.proxies = dict(conf.PROXIES)
    found.verify = os.fspath(conf.CA_BUNDLE) if conf.CA_BUNDLE else True
    return found


class Session(requests.Session):
    """A session that ignores the environment's proxies and certificates and follows no redirect."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.mount("http://", Adapter())
        self.mount("https://", Adapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None, as `requests` would read the body of a redirect without a limit."""


class Adapter(HTTPAdapter):
    """An adapter whose connections keep to the limits, also through a proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        limit(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> PoolManager:
        return limit(super().proxy_manager_for(*args, **kwargs))


def limit(manager: PoolManager) -> PoolManager:
    manager.pool_classes_by_scheme = {scheme: limited(pool) for scheme, pool in manager.pool_classes_by_scheme.items()}
    return manager


@cache
def limited(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    """Return the pool's class with connections that keep to the limits. SOCKS proxies have pools of their own."""
    if issubclass(pool.ConnectionCls, Connection):
        return pool
    connection = type("Connection", (Connection, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


@dataclass(kw_only=True, slots=True)
class Attempt:
    """One request in flight: when its time ends, and whether any of it may have left."""

    seconds: float
    has_begun: bool = False
    until: float = field(init=False)

    def __post_init__(self) -> None:
        self.until = monotonic() + self.seconds

    def left(self) -> float:
        return left_until(self.until)


def left_until(until: float) -> float:
    """Return the seconds that are left. Raise TimeoutError if there are none."""
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError("the time for the request is over")
    return left


class Connection(HTTPConnection):
    """Sends in pieces, each within the time left, and records that sending has begun."""

    is_connecting = False

    def connect(self) -> None:
        self.is_connecting = True
        try:
            super().connect()
        finally:
            self.is_connecting = False

    def send(self, data: Any) -> None:
        if self.is_connecting:  # a CONNECT to a proxy is not yet the request
            super().send(data)
            return
        if self.sock is None and self.auto_open:
            self.connect()
        attempt: Attempt = _local.attempt
        attempt.left()  # the name look-up and the connection may have taken all the time
        attempt.has_begun = True
        for start in range(0, len(data), PIECE):
            self.sock.settimeout(min(conf.CONNECT_TIMEOUT, attempt.left()))
            super().send(data[start : start + PIECE])


class TimedResponse(HTTPResponse):
    """An answer that must be complete, from its status line on, within the socket's timeout."""

    def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        attempt: Attempt = _local.attempt
        until = min(attempt.until, monotonic() + (sock.gettimeout() or attempt.seconds))
        self.fp = io.BufferedReader(Reader(sock, self.fp.detach(), until=until))


Connection.response_class = TimedResponse


class Reader(io.RawIOBase):
    """Reads from a socket until a point in time."""

    def __init__(self, sock: socket, raw: io.RawIOBase, *, until: float) -> None:
        self.sock = sock
        self.raw = raw
        self.until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self.sock.settimeout(left_until(self.until))
        return self.raw.readinto(buffer)

    def close(self) -> None:
        self.raw.close()
        super().close()
