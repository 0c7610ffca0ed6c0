"""In: accepted server events, browser events, refusals. Out: what Meta saw, as counts, as pairs and as JSON text."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from itertools import islice
from threading import RLock

from example_project.standin.pairing import BROWSER, SERVER, Key, Pair

KEPT_EVENTS = 200_000
KEPT_REFUSALS = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerEvent:
    pixel: str
    event_name: str
    event_id: str | None
    event_time: int
    received_at: float
    event: str  # its JSON text: a fifth of the memory of the parsed object
    test_event_code: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BrowserEvent:
    pixel: str
    event_name: str
    event_id: str | None
    received_at: float
    url: str | None
    referrer: str | None
    fbp: str | None
    fbc: str | None
    custom_data: dict[str, object]
    user_data: dict[str, object]
    data_processing_options: str | None
    client_ip_address: str
    client_user_agent: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenRefusal:
    received_at: float
    pixel: str
    code: int
    subcode: int | None
    field: str
    says: str
    events: int


_BESIDE_THE_EVENT = [each.name for each in fields(ServerEvent) if each.name != "event"]


class Seen:
    """Bounded memory of one stand-in, safe to use from many threads."""

    def __init__(self, *, forget: bool = False) -> None:
        self._forget = forget
        self._lock = RLock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._server: deque[ServerEvent] = deque(maxlen=KEPT_EVENTS)
            self._browser: deque[BrowserEvent] = deque(maxlen=KEPT_EVENTS)
            self._refusals: deque[SeenRefusal] = deque(maxlen=KEPT_REFUSALS)
            self._pairs: dict[Key, Pair] = {}
            self._counts: Counter[str] = Counter()

    def count_request(self) -> None:
        with self._lock:
            self._counts["requests"] += 1

    def add_server(self, events: Iterable[ServerEvent]) -> None:
        with self._lock:
            for event in events:
                self._add(SERVER, event)

    def add_browser(self, event: BrowserEvent) -> None:
        with self._lock:
            self._add(BROWSER, event)

    def add_refusal(self, refusal: SeenRefusal) -> None:
        with self._lock:
            self._counts["refused"] += 1
            self._refusals.append(refusal)

    def counts(self) -> dict[str, int]:
        with self._lock:
            return {
                "requests": self._counts["requests"],
                "refused": self._counts["refused"],
                "server": self._counts[SERVER],
                "browser": self._counts[BROWSER],
                "pairs": len(self._pairs),
                "deduplicated": self._counts["deduplicated"],
            }

    def server_events(self) -> list[ServerEvent]:
        with self._lock:
            return list(self._server)

    def browser_events(self) -> list[BrowserEvent]:
        with self._lock:
            return list(self._browser)

    def pairs(self) -> list[Pair]:
        with self._lock:
            return list(self._pairs.values())

    def newest_refusals(self, limit: int) -> list[SeenRefusal]:
        with self._lock:
            return list(islice(reversed(self._refusals), limit))

    def newest_events(self, limit: int) -> list[ServerEvent | BrowserEvent]:
        """The last events of both channels, newest first."""
        with self._lock:
            newest: list[ServerEvent | BrowserEvent] = [
                *islice(reversed(self._server), limit),
                *islice(reversed(self._browser), limit),
            ]
        return sorted(newest, key=lambda event: event.received_at, reverse=True)

    def pair_of(self, event: ServerEvent | BrowserEvent) -> Pair | None:
        with self._lock:
            return None if event.event_id is None else self._pairs.get(_key(event, event.event_id))

    def json_text(self) -> str:
        """The whole record as one JSON document; the events are inserted as they are."""
        with self._lock:
            server, browser = list(self._server), list(self._browser)
            pairs = [pair.as_json() for pair in self._pairs.values()]
            counts = self.counts()
        rest = {
            "browser": [asdict(event) for event in browser],
            "requests": counts["requests"],
            "refused": counts["refused"],
            "counts": counts,
            "pairs": pairs,
        }
        return f'{{"server":[{",".join(_server_texts(server))}],{json.dumps(rest)[1:]}'

    def _add(self, channel: str, event: ServerEvent | BrowserEvent) -> None:
        self._counts[channel] += 1
        if self._forget:
            return
        if isinstance(event, ServerEvent):
            self._server.append(event)
        else:
            self._browser.append(event)
        if event.event_id is not None:
            self._pair(channel, _key(event, event.event_id), received_at=event.received_at)

    def _pair(self, channel: str, key: Key, *, received_at: float) -> None:
        pair = self._pairs.setdefault(key, Pair(key=key))
        before = pair.deduplicated
        pair.add(channel, received_at=received_at)
        self._counts["deduplicated"] += pair.deduplicated - before
        if len(self._pairs) > 2 * KEPT_EVENTS:
            del self._pairs[next(iter(self._pairs))]


def _key(event: ServerEvent | BrowserEvent, event_id: str) -> Key:
    return Key(event.pixel, event.event_name, event_id)


def _server_texts(events: Iterable[ServerEvent]) -> Iterator[str]:
    for event in events:
        beside = {name: getattr(event, name) for name in _BESIDE_THE_EVENT}
        yield f'{json.dumps(beside)[:-1]}, "event": {event.event}}}'
