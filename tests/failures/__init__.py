"""Real processes on real databases and brokers, while everything around them fails."""

from __future__ import annotations
