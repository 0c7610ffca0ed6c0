from __future__ import annotations

from hypothesis import settings

# A test that is slow once, while a library loads its tables, has not failed.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
