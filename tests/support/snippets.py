"""Find the code snippets of README and docs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FENCE: Final = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
NAMED_FILE: Final = re.compile(r"`([\w./-]+/[\w./-]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Snippet:
    page: str
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> Iterator[Path]:
    yield ROOT / "README.md"
    yield ROOT / "CONTRIBUTING.md"
    yield from sorted((ROOT / "docs").rglob("*.md"))


def snippets(language: str) -> list[Snippet]:
    return [found for page in pages() if page.exists() for found in snippets_of(page) if found.language == language]


def snippets_of(page: Path) -> Iterator[Snippet]:
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        yield Snippet(
            page=str(page.relative_to(ROOT)),
            line=text.count("\n", 0, match.start()) + 1,
            language=match[2],
            code=textwrap.dedent(match[3]),
        )


def named_files(page: Path) -> dict[str, str]:
    """The files that a page tells its reader to write: a name ends the paragraph before the snippet."""
    return dict(NAMED_FILE.findall(page.read_text(encoding="utf-8")))
