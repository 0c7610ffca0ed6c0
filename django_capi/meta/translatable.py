"""Mark sentences that the admin translates, without importing Django."""

from __future__ import annotations


def gettext_noop(message: str) -> str:
    """Return the message itself: `makemessages` finds it by the name of this function, and the admin translates it."""
    return message
