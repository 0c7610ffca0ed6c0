"""Reads the files that docs/how-to/oscar.md tells its reader to write."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "oscar.md"


def files() -> dict[str, str]:
    """Each file by its name, which stands before the colon that ends a paragraph; what is to be added is added."""
    found: dict[str, str] = {}
    for name, code in re.findall(r"`([\w./]+)`:\n\n```\w+\n(.*?)```", PAGE.read_text(encoding="utf8"), re.DOTALL):
        found[name] = found.get(name, "") + code
    return found


def templates() -> dict[str, str]:
    return {name: code for name, code in files().items() if name.endswith(".html")}
