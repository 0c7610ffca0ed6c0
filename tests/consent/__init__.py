"""Tests of the built-in consent policies and of the answers of a policy."""

from __future__ import annotations
