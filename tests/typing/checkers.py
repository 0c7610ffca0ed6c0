"""Run mypy, pyright and basedpyright on a folder of modules."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
# Snippets import packages that are not installed here, such as django-oscar.
NOT_INSTALLED: Final = {"reportMissingImports": "none", "reportMissingModuleSource": "none"}
LIMIT: Final = 240  # seconds
IN_MYPY: Final = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+): error: (?P<message>.*)$", re.MULTILINE)

Errors = dict[str, dict[int, str]]  # by module and line


def mypy(folder: Path) -> Errors:
    """Strict, except that a snippet of the documentation may leave out annotations and extend untyped classes."""
    (folder / "mypy.ini").write_text(
        "[mypy]\nstrict = true\nexplicit_package_bases = true\nfollow_imports = silent\nignore_missing_imports = true\n"
        "[mypy-snippets.*]\ndisable_error_code = no-untyped-def, no-untyped-call, untyped-decorator\n"
        "disallow_subclassing_any = false\n"
    )
    run = start(folder, "mypy", ".", "--cache-dir", str(folder / ".cache"))
    found: Errors = defaultdict(dict)
    for match in IN_MYPY.finditer(run.stdout):
        found[Path(match["file"]).stem][int(match["line"])] = match["message"]
    if run.returncode > 1 or (run.returncode and not found):
        pytest.fail(run.stdout + run.stderr)
    return found


def pyright(folder: Path) -> Errors:
    return errors_of_pyright(folder, "pyright")


def basedpyright(folder: Path) -> Errors:
    return errors_of_pyright(folder, "basedpyright")


def errors_of_pyright(folder: Path, name: str) -> Errors:
    """As it comes, with the mode that it has by default. Warnings do not count."""
    settings = {"include": ["."], "extraPaths": [str(ROOT)], **NOT_INSTALLED}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    run = start(folder, name, "--outputjson", "--pythonpath", sys.executable)
    try:
        diagnostics: list[dict[str, Any]] = json.loads(run.stdout)["generalDiagnostics"]
    except json.JSONDecodeError:
        pytest.fail(run.stdout + run.stderr)
    found: Errors = defaultdict(dict)
    for each in diagnostics:
        if each["severity"] == "error":
            found[Path(each["file"]).stem][each["range"]["start"]["line"] + 1] = each["message"]
    return found


def start(folder: Path, module: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *options]
    environment = os.environ | {"MYPYPATH": str(ROOT), "PYTHONPATH": ""}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )


CHECKERS: Final[dict[str, Callable[[Path], Errors]]] = {
    "mypy": mypy,
    "pyright": pyright,
    "basedpyright": basedpyright,
}


def run_checker(name: str, folder: Path) -> Errors:
    if not find_spec(name) or not find_spec("django-stubs"):
        pytest.skip(f"{name} and django-stubs are not installed: they are in the dependency group `lint`")
    return CHECKERS[name](folder)
