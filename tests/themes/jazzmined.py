"""The corner shop with Jazzmin's admin, whose inline scripts the shop's policy refuses."""

from __future__ import annotations

from example_project.settings import *  # noqa: F403
from example_project.settings import CSP_MIDDLEWARE, INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = ["jazzmin", *INSTALLED_APPS]
MIDDLEWARE = [name for name in MIDDLEWARE if name != CSP_MIDDLEWARE]
JAZZMIN_UI_TWEAKS = {"theme": "default", "dark_mode_theme": "darkly"}  # dark where the browser asks for it
