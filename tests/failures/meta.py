"""A stand-in that keeps the bytes of every request."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from example_project.standin.faults import read_control
from example_project.standin.messages import Response
from example_project.standin.server import Connection, Running, serve

TOKEN = "test-token-0123456789"

Key = tuple[str, str, str]  # pixel, event name, event id


@dataclass(kw_only=True)
class Meta:
    """What was asked of the stand-in, and what it has taken."""

    running: Running
    bodies: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def requests(self) -> int:
        return self.running.state.seen.counts()["requests"]

    def say(self, answer: str, **control: Any) -> None:
        self.running.state.faults.set(read_control({"answer": answer, **control}))

    def arrivals(self) -> Counter[Key]:
        events = self.running.state.seen.server_events()
        return Counter((event.pixel, event.event_name, event.event_id or "") for event in events)

    def times(self) -> dict[Key, set[int]]:
        found: dict[Key, set[int]] = {}
        for event in self.running.state.seen.server_events():
            key = (event.pixel, event.event_name, event.event_id or "")
            found.setdefault(key, set()).add(event.event_time)
        return found

    def foreign_bodies(self, payloads: Mapping[str, str]) -> int:
        """How many requests were anything but the stored texts, joined. `payloads`: by event id."""
        return sum(1 for body in self.bodies if body != joined(body, payloads))


def joined(body: bytes, payloads: Mapping[str, str]) -> bytes:
    texts = [payloads.get(event["event_id"], "") for event in json.loads(body)["data"]]
    return f'{{"data":[{",".join(texts)}]}}'.encode()


@contextmanager
def listening(*, port: int = 0, bodies: list[bytes] | None = None) -> Iterator[Meta]:
    """A stand-in for as long as it is needed; with the bodies of an earlier one when it is that one come back."""
    running = serve(port=port, token=TOKEN)
    meta = Meta(running=running, bodies=[] if bodies is None else bodies)

    class Recording(Connection):
        def _body(self) -> bytes | Response:
            found = super()._body()
            if isinstance(found, bytes) and self.path.endswith("/events"):
                meta.bodies.append(found)
            return found

    running.server.RequestHandlerClass = Recording
    try:
        yield meta
    finally:
        running.stop()
