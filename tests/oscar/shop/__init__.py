"""The one app that the shop adds to Oscar's own."""

from __future__ import annotations
