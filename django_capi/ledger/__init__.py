"""Every write to the tables, one module for each kind of writer."""

from __future__ import annotations
