"""The conversions of docs/how-to/oscar.md, found by django-capi at start-up."""

from __future__ import annotations

from tests.oscar.page import PAGE, files

exec(compile(files()["conversions.py"], f"conversions.py of {PAGE.name}", "exec", dont_inherit=True))
