"""The corner shop with Unfold's admin, which needs a wider policy than the shop has: see the guide on themes."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403
from example_project.settings import CSP_MIDDLEWARE, INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = ["unfold", *INSTALLED_APPS, "tests.themes.marketing"]
MIDDLEWARE = [name for name in MIDDLEWARE if name != CSP_MIDDLEWARE]
