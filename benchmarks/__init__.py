"""Measurements: each module compares two sides, interleaved in one run. `python -m benchmarks.build`"""

from __future__ import annotations
