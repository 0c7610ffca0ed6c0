"""Ready consent policies, and what a policy may answer."""

from __future__ import annotations
