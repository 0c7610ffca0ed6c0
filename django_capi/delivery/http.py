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

LARGEST_ANSWER: Final = 1_000_000  # bytes; Meta's have some hundred
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
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """No whole answer came. `sent` is False only when no byte of the request can have left this machine."""

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
    """Send a request, as JSON when it has a body, and wait for the whole answer. It raises nothing.

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
            return Received(status=response.status_code, headers=response.headers, body=read(response))
    except Exception as error:  # noqa: BLE001  # nothing may pass: see above
        return Failure(trouble=trouble(error), sent=attempt.has_begun, error=type(error).__name__)


def read(response: requests.Response) -> str:
    """The body, which is JSON and so UTF-8; RequestException when it is larger than any answer of Meta's."""
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
    """This thread's session. A forked child makes its own: two processes must not share a socket."""
    if getattr(_local, "pid", None) != os.getpid():
        _local.session = Session()
        _local.pid = os.getpid()
    found: requests.Session = _local.session
    found.proxies = dict(conf.PROXIES)
    found.verify = os.fspath(conf.CA_BUNDLE) if conf.CA_BUNDLE else True
    return found


class Session(requests.Session):
    """Kept-alive connections with limits. Nothing comes from the environment, and no redirect is followed."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.mount("http://", Adapter())
        self.mount("https://", Adapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: to follow a redirect, or only to look at it, `requests` reads its body without a limit."""


class Adapter(HTTPAdapter):
    """Makes connections with limits, to Meta and to proxies."""

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
    """The same pool with connections that keep to the limits. SOCKS has classes of its own, so none is named here."""
    if issubclass(pool.ConnectionCls, Connection):
        return pool
    connection = type("Connection", (Connection, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


@dataclass(kw_only=True, slots=True)
class Attempt:
    """One request under way: when it must be over, and whether any of it may have left."""

    seconds: float
    has_begun: bool = False
    until: float = field(init=False)

    def __post_init__(self) -> None:
        self.until = monotonic() + self.seconds

    def left(self) -> float:
        return left_until(self.until)


def left_until(until: float) -> float:
    """The seconds that are left; TimeoutError when there are none."""
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError("the time for the request is over")
    return left


class Connection(HTTPConnection):
    """Sends piece by piece while there is time, and notes that something has left."""

    is_connecting = False

    def connect(self) -> None:
        self.is_connecting = True
        try:
            super().connect()
        finally:
            self.is_connecting = False

    def send(self, data: Any) -> None:
        if self.is_connecting:  # what a proxy is asked is not the request yet
            super().send(data)
            return
        if self.sock is None and self.auto_open:
            self.connect()
        attempt: Attempt = _local.attempt
        attempt.left()  # names and connections may have taken all the time: then nothing is sent
        attempt.has_begun = True
        for start in range(0, len(data), PIECE):
            self.sock.settimeout(min(conf.CONNECT_TIMEOUT, attempt.left()))
            super().send(data[start : start + PIECE])


class Answer(HTTPResponse):
    """An answer, the status line and the headers included, for which the socket's timeout is the limit."""

    def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        attempt: Attempt = _local.attempt
        until = min(attempt.until, monotonic() + (sock.gettimeout() or attempt.seconds))
        self.fp = io.BufferedReader(Reader(sock, self.fp.detach(), until=until))


Connection.response_class = Answer


class Reader(io.RawIOBase):
    """What a socket receives until a point in time."""

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
