"""The application of the current settings behind a real server, under WSGI and under ASGI."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.handlers.asgi import ASGIHandler
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django.live_server_helper import LiveServer

PATIENCE = 20.0  # seconds


@contextmanager
def wsgi() -> Iterator[str]:
    server = LiveServer("localhost")
    yield server.url
    server.stop()


@contextmanager
def asgi() -> Iterator[str]:
    config = uvicorn.Config(
        ASGIStaticFilesHandler(ASGIHandler()),
        port=0,
        lifespan="off",
        log_config=None,
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    with shared_connection():
        thread.start()
        end = time.monotonic() + PATIENCE
        while not server.started:
            assert time.monotonic() < end, "uvicorn did not start"
            thread.join(0.02)
        (socket,) = server.servers[0].sockets
        yield f"http://localhost:{socket.getsockname()[1]}"
        server.should_exit = True
        thread.join(PATIENCE)


@contextmanager
def shared_connection() -> Iterator[None]:
    """A database in memory is this thread's: the server's threads use its connection, as with Django's live server."""
    if connection.vendor != "sqlite" or "mode=memory" not in str(connection.settings_dict["NAME"]):
        yield
        return
    own, create = connections["default"], connections.create_connection

    def shared(alias: str) -> BaseDatabaseWrapper:
        return own if alias == "default" else create(alias)

    own.inc_thread_sharing()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections, "create_connection", shared)
        yield
    own.dec_thread_sharing()
