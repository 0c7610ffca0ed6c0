"""Out: all that one running stand-in knows: its options, its clock, what it has seen, how it was told to answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from example_project.standin.faults import Faults
from example_project.standin.known_fields import Quality
from example_project.standin.seen import Seen

Clock = Callable[[], float]


@dataclass(kw_only=True)
class State:
    seen: Seen = field(default_factory=Seen)
    faults: Faults = field(default_factory=Faults)
    clock: Clock = time.time
    shop: str | None = None
    token: str | None = None
    app_secret: str | None = None
    bank_secret: str = "corner-bank-demo"
    quality: Quality = field(default_factory=Quality)
