"""What a person sees or hears of a page: its pieces of text, and the attributes that a browser shows or reads out."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

SHOWN: Final = frozenset(
    {"title", "alt", "aria-label", "placeholder", "data-pause", "data-resume", "data-failed", "data-added"}
)
SILENT: Final = frozenset({"script", "style", "pre", "symbol"})


class VisibleText(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.silent += tag in SILENT
        self.pieces += [value for name, value in found.items() if name in SHOWN and value]
        if tag == "input" and found.get("type") == "submit" and found.get("value"):
            self.pieces.append(found["value"] or "")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.pieces.append(data)


def pieces(html: str) -> list[str]:
    """Without the white space around them, and without those that have no letter."""
    parser = VisibleText()
    parser.feed(html)
    stripped = (" ".join(piece.split()).removeprefix("› ") for piece in parser.pieces)  # the mark of breadcrumbs
    return [piece for piece in stripped if any(character.isalpha() for character in piece)]
