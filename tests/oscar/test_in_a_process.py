"""The tests of this folder, in a process with the settings of the shop, where django-oscar is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def test_the_checkout_of_a_real_shop() -> None:
    pytest.importorskip("oscar", reason="django-oscar is not installed: no shop to check out in")

    words = ["-m", "pytest", str(HERE), "--ds=tests.oscar.settings", "-q", "-n0", "-p", "no:cacheprovider"]
    done = subprocess.run([sys.executable, *words], cwd=HERE.parents[1], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-2_000:]
    assert " passed" in done.stdout
