"""A shop made with django-oscar from PyPI, whose only code is what docs/oscar.md prints."""

from __future__ import annotations
