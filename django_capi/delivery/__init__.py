"""Stored events become requests to Meta, and Meta's answers become final states."""

from __future__ import annotations
