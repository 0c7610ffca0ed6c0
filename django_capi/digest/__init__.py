"""The daily e-mail to the site's administrators: what changed, what was lost, and what to fix."""

from __future__ import annotations
