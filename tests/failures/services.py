"""Whether a service answers. In CI a missing service fails the test."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from secrets import token_hex
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

import psycopg
import pytest

URLS = {
    "postgresql": os.environ.get("POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres"),
    "mariadb": os.environ.get("MARIADB_URL", "mysql://root@127.0.0.1:3306/mysql"),
    "redis": os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/15"),
    "rabbitmq": os.environ.get("RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
}


def absent(reason: str) -> NoReturn:
    """Skip with the reason, or fail where everything has to be there."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (in CI a skip is a failure)")
    pytest.skip(reason)


def need(name: str) -> str:
    """The address of a service that answers."""
    parts = urlsplit(URLS[name])
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()
    except OSError:
        absent(f"{name} does not answer on {parts.hostname}:{parts.port}")
    return URLS[name]


def address(kind: str) -> str:
    """A database of this kind, whatever is in it."""
    return "sqlite://:memory:" if kind == "sqlite" else need(kind)


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database that is gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'fire.sqlite3'}"
        return
    parts = urlsplit(need(kind))
    name = f"fire_{token_hex(6)}"
    connect = {"postgresql": to_postgresql, "mariadb": to_mariadb}[kind]
    run(connect(parts), f"CREATE DATABASE {name}")
    try:
        yield parts._replace(path=f"/{name}").geturl()
    finally:
        force = " WITH (FORCE)" if kind == "postgresql" else ""
        run(connect(parts), f"DROP DATABASE {name}{force}")


def to_postgresql(parts: SplitResult) -> Any:
    return psycopg.connect(parts.geturl(), autocommit=True)


def to_mariadb(parts: SplitResult) -> Any:
    return import_module("pymysql").connect(
        host=parts.hostname, port=parts.port, user=parts.username, password=parts.password or "", autocommit=True
    )


def run(connection: Any, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


@contextmanager
def refusing() -> Iterator[int]:
    """A port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@contextmanager
def silent() -> Iterator[int]:
    """A port that accepts and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield server.getsockname()[1]


@contextmanager
def black_hole() -> Iterator[int]:
    """A port whose queue is full: the kernel drops every further attempt, as a firewall would."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)
            with suppress(BlockingIOError):
                each.connect(("127.0.0.1", port))
        yield port
        for each in waiting:
            each.close()
