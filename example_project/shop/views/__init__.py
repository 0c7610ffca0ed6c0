"""A request in, a page of the shop out; one module for each part of the shop."""

from __future__ import annotations
