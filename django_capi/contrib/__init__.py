"""Plug-ins for other packages, each of which is imported by the sites that have that package."""

from __future__ import annotations
