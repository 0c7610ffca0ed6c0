"""The tests of this folder, in a process whose settings have several databases."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_the_ledger_holds_with_several_databases() -> None:
    words = ["-m", "pytest", str(HERE), "--ds=tests.several_databases.settings", "-q", "-n0", "-p", "no:cacheprovider"]

    done = subprocess.run(
        [sys.executable, *words],
        cwd=HERE.parent.parent,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-2_000:]
    assert " passed" in done.stdout
