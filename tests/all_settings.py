"""The corner shop, the test site and that of the benchmarks in one, so that the type checker knows every model."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403
from example_project.settings import INSTALLED_APPS as SHOP_APPS

INSTALLED_APPS = [*SHOP_APPS, "tests.site", "benchmarks.orders"]
