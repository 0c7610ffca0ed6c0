"""A client that opens `/act/` over ASGI and goes away while the view is at work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from django.core.asgi import get_asgi_application

from tests.conftest import ADDRESS, AGENT, FBP

HEADERS = [(b"host", b"testserver"), (b"user-agent", AGENT.encode()), (b"cookie", f"_fbp={FBP}".encode())]
SCOPE = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/act/", "query_string": b"",
         "scheme": "http", "headers": HEADERS, "client": (ADDRESS, 1), "server": ("testserver", 80)}  # fmt: skip


class Arrived:
    """Tells the client that the view has come so far."""

    def __init__(self) -> None:
        self.event = threading.Event()

    async def wait(self) -> None:
        await asyncio.to_thread(self.event.wait, 10)


def visit(until: Callable[[], Awaitable[None]] | None = None) -> None:
    """Open `/act/` over ASGI; the client goes away when `until` returns."""

    async def go() -> None:
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b""}
            await (until() if until else asyncio.Event().wait())
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None: ...

        with suppress(asyncio.CancelledError):
            await get_asgi_application()(dict(SCOPE), receive, send)

    asyncio.run(go())
