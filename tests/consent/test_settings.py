"""How a policy is named in the settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from django_capi import consent
from django_capi.conf import conf

ROOT = Path(__file__).parents[2]
POLICIES = [name for name in consent.__all__ if name.islower() and hasattr(getattr(consent, name), "for_category")]


@pytest.mark.parametrize("name", POLICIES)
def test_every_ready_policy_has_a_dotted_path(name: str, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": f"django_capi.consent.{name}"}

    assert conf.imported("CONSENT") is getattr(consent, name)


def test_every_ready_policy_has_a_row_in_the_table() -> None:
    page = (ROOT / "docs/how-to/consent.md").read_text(encoding="utf-8")

    assert [name for name in POLICIES if f'| `"CONSENT": "django_capi.consent.{name}",` |' not in page] == []


def test_a_settings_module_may_import_a_policy_and_name_the_category(tmp_path: Path) -> None:
    (tmp_path / "own_settings.py").write_text(
        "from django_capi.consent import cookie, klaro\n"
        'CAPI = {"CONSENT": klaro.for_category("facebook")}\n'
        'OTHER = cookie("choice")\n'
    )
    code = "import django; django.setup(); from django_capi.conf import conf; print(conf.imported('CONSENT').category)"
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
        "DJANGO_SETTINGS_MODULE": "own_settings",
    }

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["facebook"]
