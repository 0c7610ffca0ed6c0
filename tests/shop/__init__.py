"""The corner shop's own tests: they need `--ds=example_project.settings`; `tests/test_shop_suite.py` runs them so."""

from __future__ import annotations
