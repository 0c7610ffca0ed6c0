"""Who made a request, which pixels it belongs to, and whether it is tracked."""

from __future__ import annotations
