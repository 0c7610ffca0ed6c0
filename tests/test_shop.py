"""The corner shop's own tests, in a process that runs on the shop's settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.story
def test_the_shops_own_tests_hold(tmp_path: Path) -> None:
    words = ["-m", "pytest", "tests/shop", "--ds=example_project.settings", "-q", "-n0", "-p", "no:cacheprovider"]

    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "DEMO_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path / 'shop.sqlite3'}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-2_000:]
    assert " passed" in done.stdout
