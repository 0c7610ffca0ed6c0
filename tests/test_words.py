"""The package, its templates and its documentation are written in plain English.

Each habit below was once common here, and no native technical writer has it. CONTRIBUTING.md says how to write instead.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
FOLDERS: Final = ("django_capi", "docs", "example_project")
SUFFIXES: Final = frozenset({".py", ".md", ".html", ".js", ".txt"})
FSTRING: Final = getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)  # from Python 3.12 on

# A habit, and what to write instead.
HABITS: Final = {
    "comes in; … goes out": (r"\bcomes? in[;:].{0,300}\bgoe?s? out\b", "say what the module is for"),
    "goes out": (r"\bgoe?s? out\b", "is sent, is returned"),
    "mend": (r"\bmend(?:s|ed|ing)?\b", "fix, correct"),
    "look at": (r"\blook(?:s|ed|ing)? (?:at|whether|unasked|into)\b", "check, read, examine"),
    "nobody": (r"\b(?:nobody|somebody|whoever|anybody)\b", "no process, no one, the worker that"),
    "so many": (r"\bso many\b", "that number of"),
    "all the same": (r"\ball the same\b", "still, anyway"),
    "by itself": (r"\bby (?:itself|themselves)\b", "on its own, automatically"),
    "some time": (r"\b(?:for|in) some time\b", "for a while, or the exact duration"),
    "wish": (r"\bwish(?:es|ed)?\b", "request, want"),
    "texts": (r"\b(?:texts|a text)\b", "strings, a string, payloads"),
    "for, meaning because": (r"[,;] for (?:it|they|he|she|Meta)\b", "because, as, since"),
}

# A file that holds a habit for a reason: the file, the habit, and the reason.
ALLOWED: Final[dict[tuple[str, str], str]] = {
    ("example_project/shop/templates/shop/base.html", "look at"): "the visitor of the shop does look at products",
    ("example_project/shop/catalogue.py", "nobody"): "the description of a product",
    ("django_capi/migrations/0002_compare_keys_by_bytes.py", "by itself"): "a released migration is never rewritten",
}
# Files that are still to be rewritten, and what is to be replaced in them. Nothing is added here.
TO_REWRITE: Final[dict[str, set[str]]] = {}


def prose_of(path: Path) -> str:
    """The comments and strings of Python code; everything in other files."""
    text = path.read_text(encoding="utf8")
    return "\n".join(strings_and_comments(text)) if path.suffix == ".py" else text


def strings_and_comments(code: str) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            yield token.string.lstrip("# ")
        elif token.type == tokenize.STRING and not token.string.lower().startswith(("f", "rf", "fr")):
            yield str(ast.literal_eval(token.string))
        elif token.type in (tokenize.STRING, FSTRING):
            yield token.string


def files() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    return sorted([*found, ROOT / "README.md"])


def habits_in(prose: str) -> dict[str, str]:
    """The habits that the prose shows, each with its first example."""
    one_line = " ".join(prose.split())
    found = {name: re.search(pattern, one_line, re.IGNORECASE) for name, (pattern, _instead) in HABITS.items()}
    return {name: one_line[max(match.start() - 40, 0) : match.end() + 30] for name, match in found.items() if match}


def habits_of(path: Path) -> dict[str, str]:
    return habits_in(prose_of(path)) if path.exists() else {}


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_is_written_in_plain_english(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()

    found = habits_of(path)

    assert {
        f"“{habit}”: …{example}… Write: {HABITS[habit][1]}."
        for habit, example in found.items()
        if (name, habit) not in ALLOWED and habit not in TO_REWRITE.get(name, ())
    } == set()


def test_every_exception_is_needed() -> None:
    excused = {*ALLOWED, *((name, habit) for name, habits in TO_REWRITE.items() for habit in habits)}

    assert {(name, habit) for name, habit in excused if habit not in habits_of(ROOT / name)} == set()


@pytest.mark.parametrize(
    ("prose", "habits"),
    [
        ("A row comes in; its JSON goes out.", {"comes in; … goes out", "goes out"}),
        ("Mend what is named above first.", {"mend"}),
        ("This could not be looked at.", {"look at"}),
        ("Nobody listens on the queue.", {"nobody"}),
        ("Send ids as texts.", {"texts"}),
        ("It waits, for it has no lease.", {"for, meaning because"}),
        ("Send the due events to Meta. Recommend a fix; wait for it.", set()),
    ],
)
def test_a_habit_is_recognised(prose: str, habits: set[str]) -> None:
    assert habits_in(prose).keys() == habits


def test_code_is_read_for_its_strings_and_comments_only() -> None:
    assert list(strings_and_comments('nobody = "a"  # b\n')) == ["a", "b"]
