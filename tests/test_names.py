"""A class name of the package stands for one thing, so that a traceback, a search or an import names it."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parents[1] / "django_capi"

SHARED: Final = {
    "Command": "Django finds a management command by this name",
    "Event": "the row of the ledger, and the event of Meta that the documentation shows",
}


def test_no_two_classes_share_a_name() -> None:
    places = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        if "migrations" not in path.parts:
            for node in ast.parse(path.read_text(encoding="utf8")).body:
                if isinstance(node, ast.ClassDef):
                    places[node.name].add(path.relative_to(PACKAGE).as_posix())

    assert {name: found for name, found in places.items() if len(found) > 1}.keys() == SHARED.keys()
