"""Send stored events to Meta, and record what Meta answers."""

from __future__ import annotations
