"""Links to this repository's own files lead to a file, a folder or a heading that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.snippets import ROOT, pages

PAGES: Final = [*pages(), ROOT / "CHANGELOG.md", ROOT / "SECURITY.md", ROOT / "pyproject.toml"]
LINK: Final = re.compile(r"""\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"|= "(https://[^"]+)"$""", re.MULTILINE)
# PyPI shows the README, so its links and pictures have whole addresses.
OURS: Final = re.compile(
    r"https://(?:github\.com/django-capi/django-capi/(?:blob|tree)|raw\.githubusercontent\.com/django-capi/django-capi)"
    r"/main/(.*)"
)
FENCE: Final = re.compile(r"^( *)```.*?^\1```$", re.DOTALL | re.MULTILINE)
HEADING: Final = re.compile(r"^#+ (.*)$", re.MULTILINE)


def links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """The link as it is written, the path to which it leads, and the heading."""
    for found in LINK.finditer(FENCE.sub("", page.read_text(encoding="utf-8"))):
        link = next(filter(None, found.groups()))
        own = OURS.fullmatch(link)
        if own or "://" not in link:
            path, _, heading = (own[1] if own else link).partition("#")
            yield link, (ROOT if own else page.parent) / path if path else page, heading


def anchors(page: Path) -> set[str]:
    """The headings as GitHub and the documentation's site write them into addresses."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_to_an_own_file_leads_somewhere(page: Path) -> None:
    dead = [
        link for link, path, heading in links(page) if not path.exists() or (heading and heading not in anchors(path))
    ]

    assert dead == []


def test_the_links_of_the_readme_are_found() -> None:
    found = [link for link, *_ in links(ROOT / "README.md")]

    assert sum("/docs/" in link for link in found) > 10
    assert sum("/docs/images/" in link for link in found) == 2
