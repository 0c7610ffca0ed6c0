"""In: what a shop and its visitors' browsers send to Meta. Out: Meta's documented answers, and a page of what came.

A process of its own that shares no code with django-capi, so that the two can disagree.
"""

from __future__ import annotations

from example_project.standin.server import Running, serve

__all__ = ["Running", "serve"]
