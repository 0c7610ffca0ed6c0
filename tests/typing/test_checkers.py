"""Type checkers find mistakes in calls of the public API, and none in README and docs."""

from __future__ import annotations

import ast
import builtins
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final, get_args

import pytest

from django_capi.meta.events import (
    MESSAGING_EVENTS,
    PAGE_VIEW,
    STANDARD_EVENTS,
    USER_DATA_KEYS,
    ActionSource,
    CustomerSegmentation,
    DeliveryCategory,
    MessagingChannel,
)
from django_capi.meta.events.contents import CONTENT_FIELDS
from django_capi.meta.events.custom import FIELDS
from django_capi.meta.normalize.keys import ACCEPTED_NAMES
from django_capi.types import (
    ActionSourceName,
    ContentDict,
    CustomDataDict,
    CustomerSegmentationName,
    DeliveryCategoryName,
    MessagingChannelName,
    StandardEvent,
    UserDataDict,
)
from tests.typing.checkers import CHECKERS, ROOT, Errors, run_checker

HERE: Final = Path(__file__).parent
PUBLIC: Final = ("consent", "conversions", "signals", "testing", "tracking", "types", "withdrawal")
NO_MODULE: Final = (">>>", "INSTALLED_APPS +=")  # a doctest; settings that extend those of startproject
FENCE: Final = re.compile(r"^( *)```python\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
CALL: Final = re.compile(rf"\bdjango_capi\.({'|'.join(PUBLIC)})\b|\ba?track\(|\(Conversion\b")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mistakes, the correct calls, and a module for each snippet that uses the public API."""
    made = tmp_path_factory.mktemp("typing")
    for name in ("correct", "mistakes", "names", "shop/models"):
        written = (HERE / f"{Path(name).name}.txt").read_text(encoding="utf-8")
        write(made / f"{name}.py", written)
    for name, code in snippets():
        write(made / "snippets" / f"{name}.py", code)
    return made


def write(path: Path, code: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(code, encoding="utf-8")


@pytest.fixture(scope="module", params=CHECKERS)
def errors(request: pytest.FixtureRequest, folder: Path) -> Errors:
    return run_checker(request.param, folder)


def snippets() -> Iterator[tuple[str, str]]:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for number, match in enumerate(FENCE.finditer(page.read_text(encoding="utf-8"))):
            code = textwrap.dedent(match[2])
            if CALL.search(code) and not any(mark in code for mark in NO_MODULE):
                yield f"{page.stem}_{number}", completed(code.replace("…", "left_out"))


def completed(code: str) -> str:
    """The snippet with declarations of the names that the page takes for granted."""
    tree = ast.parse(code)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    lines = []
    for name in sorted(names - bound(tree) - set(vars(builtins))):
        module = next((each for each in PUBLIC if name in import_module(f"django_capi.{each}").__all__), None)
        lines.append(f"from {f'django_capi.{module}' if module else 'names'} import {name}")
    return "\n".join([*lines, code])


def bound(tree: ast.Module) -> set[str]:
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return found


def test_the_mistakes_are_found_and_nothing_else(errors: Errors, folder: Path) -> None:
    lines = (folder / "mistakes.py").read_text(encoding="utf-8").splitlines()
    marked = {number for number, line in enumerate(lines, 1) if line.endswith("# error")}

    assert len(marked) > 40
    assert errors["mistakes"].keys() == marked


def test_correct_calls_are_clean(errors: Errors) -> None:
    assert errors["correct"] == {}


def test_the_snippets_of_readme_and_docs_are_clean(errors: Errors) -> None:
    names = [name for name, _ in snippets()]

    assert len(names) > 10
    assert {name: errors[name] for name in names if errors[name]} == {}


@pytest.mark.parametrize(
    ("literal", "names"),
    [
        (StandardEvent, STANDARD_EVENTS | MESSAGING_EVENTS | {PAGE_VIEW}),
        (ActionSourceName, set(ActionSource)),
        (MessagingChannelName, set(MessagingChannel)),
        (DeliveryCategoryName, set(DeliveryCategory)),
        (CustomerSegmentationName, set(CustomerSegmentation)),
    ],
    ids=["events", "action sources", "messaging channels", "delivery categories", "customer segmentations"],
)
def test_a_literal_has_all_names(literal: object, names: set[str]) -> None:
    assert set(get_args(literal)) == names


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (CustomDataDict, FIELDS.keys()),
        (ContentDict, CONTENT_FIELDS.keys()),
        (UserDataDict, {*USER_DATA_KEYS, *ACCEPTED_NAMES}),
    ],
    ids=["custom data", "contents", "user data"],
)
def test_a_typed_dict_has_all_keys(keys: type, names: set[str]) -> None:
    assert set(keys.__annotations__) == set(names)
