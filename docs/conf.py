"""Configuration of the documentation site: `sphinx-build -W -n docs docs/_build`."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent

project = "django-capi"
author = "The django-capi contributors"
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}

myst_heading_anchors = 3
# A dead link or anchor between two pages is a warning, and `-W` makes it an error.
nitpicky = True
suppress_warnings = [
    # Snippets leave things out ("…", "..."), which is no mistake of theirs. tests/test_snippets.py parses them.
    "misc.highlighting_failure",
]

html_theme = "furo"
html_title = f"django-capi {release}"
html_theme_options = {
    "source_repository": "https://github.com/django-capi/django-capi/",
    "source_branch": "main",
    "source_directory": "docs/",
}
