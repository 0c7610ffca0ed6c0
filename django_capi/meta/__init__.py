"""Meta's rules as pure functions: values a site holds come in, what may be sent goes out. No Django below here."""

from __future__ import annotations
