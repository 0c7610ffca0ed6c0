"""Meta's rules as pure functions. Nothing in this package imports Django."""

from __future__ import annotations
