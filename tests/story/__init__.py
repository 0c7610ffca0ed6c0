"""The whole product at once: the shop, the stand-in, a worker and beat, each its own process, over real HTTP."""

from __future__ import annotations
