"""What importing `django_capi.meta` imports, how much memory it takes, and what works without the extras."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import django_capi.meta

ROOT = Path(django_capi.meta.__file__).parent
MODULES = sorted(
    ".".join(("django_capi.meta", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for path in ROOT.rglob("*.py")
)
LARGEST_MEMORY = 6_000_000

IMPORT_ALL = f"""
import json, sys, tracemalloc
tracemalloc.start()
import {", ".join(MODULES)}
size = tracemalloc.get_traced_memory()[0]
print(json.dumps({{"modules": sorted(sys.modules), "size": size}}))
"""
WITHOUT_EXTRAS = """
import json, sys
for name in ("phonenumbers", "babel", "orjson"):
    sys.modules[name] = None
from django_capi.meta.normalize import normalize
from django_capi.meta import wire
print(json.dumps([
    wire.ORJSON is None, wire.dumps({"b": 1, "a": 2}), normalize("country", "USA").text,
    normalize("country", "United States").text, normalize("country", "Deutschland").text,
    normalize("country", "Allemagne").reason,
    normalize("ph", "(650)555-1212", country="US").reason, normalize("ph", "+16505551212").text,
]))
"""


HALF_REMOVED = """
import json, sys, types
sys.modules["phonenumbers"] = types.ModuleType("phonenumbers")
from django_capi.meta.normalize import normalize
print(json.dumps(normalize("ph", "(650)555-1212", country="US").reason))
"""


def run(code: str) -> Any:
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(found.stdout)


def test_the_ground_floor_imports_no_framework_and_no_client() -> None:
    modules = {name.partition(".")[0] for name in run(IMPORT_ALL)["modules"]}

    assert not modules & {"django", "celery", "requests", "urllib3", "kombu", "phonenumbers", "babel"}


def test_the_ground_floor_is_small() -> None:
    assert run(IMPORT_ALL)["size"] < LARGEST_MEMORY


def test_everything_works_without_the_extras() -> None:
    assert run(WITHOUT_EXTRAS) == [
        True, '{"b":1,"a":2}', "us", "us", "de", "unknown_country", "phone_needs_country", "16505551212",
    ]  # fmt: skip


def test_an_empty_phonenumbers_package_counts_as_not_installed() -> None:
    """`phonenumbers` and `phonenumberslite` share their folder: uninstalling one takes the other's files."""
    assert run(HALF_REMOVED) == "phone_needs_country"
