"""In: copies of events, one by one, as they are received. Out: which of them are one action, and which copy is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

WINDOW = 48 * 3_600
FAVOUR_BROWSER = 5 * 60
BROWSER = "browser"
SERVER = "server"


class Key(NamedTuple):
    """What Meta deduplicates by; names are case-sensitive."""

    pixel: str
    event_name: str
    event_id: str


@dataclass(kw_only=True, slots=True)
class Window:
    """The copies of one key received within 48 hours of the first; times are zero where there is no copy."""

    opened_at: float
    server: int = 0
    browser: int = 0
    server_at: float = 0.0
    browser_at: float = 0.0

    def add(self, channel: str, *, received_at: float) -> None:
        if channel == SERVER:
            self.server += 1
            self.server_at = self.server_at or received_at
        else:
            self.browser += 1
            self.browser_at = self.browser_at or received_at

    @property
    def kept(self) -> str:
        """The channel that counts: the first received, or the browser when both came within minutes."""
        if not self.server or not self.browser:
            return SERVER if self.server else BROWSER
        return BROWSER if self.browser_at - self.server_at <= FAVOUR_BROWSER else SERVER

    @property
    def deduplicated(self) -> int:
        """Copies dropped against the other channel; repeats on one channel are never promised to be dropped."""
        return self.browser if self.kept == SERVER else self.server


@dataclass(kw_only=True, slots=True)
class Pair:
    """Every window of one key."""

    key: Key
    windows: list[Window] = field(default_factory=list)

    def add(self, channel: str, *, received_at: float) -> None:
        if not self.windows or received_at - self.windows[-1].opened_at > WINDOW:
            self.windows.append(Window(opened_at=received_at))
        self.windows[-1].add(channel, received_at=received_at)

    def count(self, channel: str) -> int:
        return sum(window.server if channel == SERVER else window.browser for window in self.windows)

    @property
    def kept(self) -> list[str]:
        return [window.kept for window in self.windows]

    @property
    def deduplicated(self) -> int:
        return sum(window.deduplicated for window in self.windows)

    def as_json(self) -> dict[str, object]:
        return {
            **self.key._asdict(),
            SERVER: self.count(SERVER),
            BROWSER: self.count(BROWSER),
            "kept": self.kept,
            "deduplicated": self.deduplicated,
        }
