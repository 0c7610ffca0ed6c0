"""The application of the current settings behind a real server, under WSGI and under ASGI."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.handlers.asgi import ASGIHandler
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
    thread.start()
    end = time.monotonic() + PATIENCE
    while not server.started:
        assert time.monotonic() < end, "uvicorn did not start"
        thread.join(0.02)
    (socket,) = server.servers[0].sockets
    yield f"http://localhost:{socket.getsockname()[1]}"
    server.should_exit = True
    thread.join(PATIENCE)
