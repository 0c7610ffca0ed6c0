"""Reads the files that docs/oscar.md tells its reader to write."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "oscar.md"
FILES = dict(re.findall(r"`([\w./]+)`:\n\n```\w+\n(.*?)```", PAGE.read_text(encoding="utf8"), re.DOTALL))
TEMPLATES = {name: text for name, text in FILES.items() if name.endswith(".html")}
