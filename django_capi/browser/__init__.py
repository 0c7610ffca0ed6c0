"""The browser's side: what a page is given, and what travels with a response."""

from __future__ import annotations
