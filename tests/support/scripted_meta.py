"""A Meta that gives a list of answers in order, and keeps the requests."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from example_project.standin.errors import accepted, event_error, graph_error
from example_project.standin.faults import FAULTS, Control
from example_project.standin.messages import Response
from example_project.standin.rules import Refusal
from example_project.standin.server import Connection, Running, serve

Key = tuple[str, str, str]  # pixel, event name, event id

HOUR = "3600"  # of a Retry-After: no pause ends by itself
REFUSAL = Refusal(rule="hashed", field="user_data", subcode=2804016, says="A key is not hashed.")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request, whether Meta took its events, and whether it said so."""

    pixel_id: str
    body: bytes
    is_taken: bool
    is_told: bool

    @property
    def keys(self) -> list[Key]:
        events = json.loads(self.body)["data"]
        return [(self.pixel_id, event["event_name"], event["event_id"]) for event in events]


@dataclass(kw_only=True)
class Meta:
    """What it will answer next (it is well when nothing is written down), and which events it does not bear."""

    url: str
    script: deque[str] = field(default_factory=deque)
    refused: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)  # its servers fail at them
    asked: list[Asked] = field(default_factory=list)

    def answer(self, pixel_id: str, body: bytes) -> Response:
        fault = FAULTS[self.script.popleft() if self.script else "ok"]
        control = Control(retry_after=HOUR)
        ids = {event["event_id"] for event in json.loads(body)["data"]}
        is_taken = not (fault.instead or ids & self.broken or ids & self.refused)
        if fault.instead:
            found = fault.instead(control)
        elif ids & self.broken:
            found = graph_error(code=1, message="An unknown error occurred", status=500)
        elif ids & self.refused:
            found = event_error(REFUSAL)
        else:
            found = fault.after(control, accepted(len(ids))) if fault.after else accepted(len(ids))
        is_told = is_taken and not found.hang_up
        self.asked.append(Asked(pixel_id=pixel_id, body=body, is_taken=is_taken, is_told=is_told))
        return found

    def arrivals(self) -> Counter[Key]:
        return Counter(key for asked in self.asked if asked.is_taken for key in asked.keys)

    def lift(self) -> None:
        """From now on all is well."""
        self.script.clear()
        self.refused.clear()
        self.broken.clear()


@contextmanager
def listening() -> Iterator[Meta]:
    running: Running = serve()
    meta = Meta(url=running.url)

    class Scripted(Connection):
        def do_POST(self) -> None:  # noqa: N802  # the name is the standard library's
            body = self._body()
            pixel_id = self.path.split("/")[2]
            self._write(meta.answer(pixel_id, body) if isinstance(body, bytes) else body)

    running.server.RequestHandlerClass = Scripted
    try:
        yield meta
    finally:
        running.stop()
